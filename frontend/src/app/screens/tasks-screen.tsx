import { getRouteApi } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'

import { Skeleton } from '@/components/ui/skeleton'
import { TasksPage } from '@/features/tasks/inbox/tasks-page'
import type { TaskFilters } from '@/features/tasks/queries'

const route = getRouteApi('/app/tasks')

/** A searchable list takes more code than the rest of the screen. */
const AgentFilter = lazy(() =>
  import('@/features/agents/agent-filter').then(({ AgentFilter }) => ({
    default: AgentFilter,
  })),
)

export function TasksScreen() {
  const filters = route.useSearch()
  const navigate = route.useNavigate()
  const setFilters = (search: TaskFilters) => {
    void navigate({ search, replace: true })
  }
  return (
    <TasksPage
      filters={filters}
      onFiltersChange={setFilters}
      agentFilter={
        <Suspense
          fallback={<Skeleton className="h-9 rounded-lg sm:w-36 touch:h-10" />}
        >
          <AgentFilter
            selected={filters.agent}
            onChange={(agent) => {
              setFilters({ ...filters, agent })
            }}
          />
        </Suspense>
      }
    />
  )
}
