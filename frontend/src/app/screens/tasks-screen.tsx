import { getRouteApi } from '@tanstack/react-router'

import { TasksPage } from '@/features/tasks/inbox/tasks-page'

const route = getRouteApi('/app/tasks')

export function TasksScreen() {
  const filters = route.useSearch()
  const navigate = route.useNavigate()
  return (
    <TasksPage
      filters={filters}
      onFiltersChange={(search) => {
        void navigate({ search, replace: true })
      }}
    />
  )
}
