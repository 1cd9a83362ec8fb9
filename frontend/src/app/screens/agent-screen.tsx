import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'

import { AgentPage } from '@/features/agents/agent/agent-page'
import { StatsPanel } from '@/features/stats/stats-panel'
import { recentTasksQuery } from '@/features/tasks/queries'
import { RecentTasks } from '@/features/tasks/list/recent-tasks'
import { RunPanel } from '@/features/tasks/run/run-panel'

const route = getRouteApi('/app/agents/$agentId')

export function AgentScreen() {
  const id = Number(route.useParams().agentId)
  const { task, range = '30d' } = route.useSearch()
  const { data: recent } = useQuery(recentTasksQuery(id))
  const navigate = route.useNavigate()
  return (
    <AgentPage
      key={id}
      id={id}
      onLeave={() => void navigate({ to: '/agents' })}
      onCreated={(agent) => {
        const params = { agentId: String(agent.id) }
        void navigate({ to: '/agents/$agentId', params, search: {} })
      }}
      runPanel={
        <RunPanel
          agent={id}
          task={task}
          onRun={(next) => {
            void navigate({
              search: (old) => ({ ...old, task: next }),
              resetScroll: false,
            })
          }}
        />
      }
    >
      <RecentTasks agent={id} />
      {recent && recent.results.length > 0 && (
        <StatsPanel
          agent={id}
          range={range}
          onRangeChange={(next) => {
            void navigate({
              search: (old) => ({ ...old, range: next }),
              resetScroll: false,
            })
          }}
        />
      )}
    </AgentPage>
  )
}
