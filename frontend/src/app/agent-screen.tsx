import { getRouteApi } from '@tanstack/react-router'

import { AgentPage } from '@/features/agents/agent-page'
import { RecentTasks } from '@/features/tasks/recent-tasks'
import { RunPanel } from '@/features/tasks/run-panel'

const route = getRouteApi('/app/agents/$agentId')

export function AgentScreen() {
  const id = Number(route.useParams().agentId)
  const { task } = route.useSearch()
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
            void navigate({ search: { task: next }, resetScroll: false })
          }}
        />
      }
    >
      <RecentTasks agent={id} />
    </AgentPage>
  )
}
