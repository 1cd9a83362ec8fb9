import { getRouteApi } from '@tanstack/react-router'

import { AgentsPage } from '@/features/agents/list/agents-page'

const route = getRouteApi('/app/agents')

export function AgentsScreen() {
  const { dialog, ...filters } = route.useSearch()
  const navigate = route.useNavigate()
  return (
    <AgentsPage
      filters={filters}
      onFiltersChange={(search) => {
        void navigate({ search, replace: true })
      }}
      isCreating={dialog === 'new'}
      onCreatingChange={(isCreating) => {
        const search = isCreating
          ? { ...filters, dialog: 'new' as const }
          : filters
        void navigate({ search, replace: true, resetScroll: false })
      }}
      onCreated={(agent) => {
        const params = { agentId: String(agent.id) }
        void navigate({ to: '/agents/$agentId', params })
      }}
    />
  )
}
