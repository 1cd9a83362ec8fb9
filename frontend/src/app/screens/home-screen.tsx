import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { PlayIcon, SparklesIcon } from 'lucide-react'

import { Notice } from '@/components/notice'
import { Screen } from '@/components/screen'
import { Button } from '@/components/ui/button'
import { agentsQuery } from '@/features/agents/queries'
import { WaitingApprovals } from '@/features/approvals/waiting-approvals'
import { StatsPanel } from '@/features/stats/stats-panel'
import { FailedTasks } from '@/features/tasks/list/failed-tasks'
import { LiveTasks } from '@/features/tasks/list/live-tasks'
import { anyTaskQuery } from '@/features/tasks/queries'

const route = getRouteApi('/app/')

/** Running tasks, pending decisions, failures and statistics. */
export function HomeScreen() {
  const { data } = useQuery(anyTaskQuery())
  return (
    <Screen
      title="Home"
      description="Running tasks, pending decisions and recent results."
      actions={
        <Button asChild>
          <Link to="/agents">
            <PlayIcon />
            Run an agent
          </Link>
        </Button>
      }
    >
      {data?.count === 0 ? <FirstRun /> : <Overview />}
    </Screen>
  )
}

function Overview() {
  const { range = '30d' } = route.useSearch()
  const navigate = route.useNavigate()
  return (
    <div className="space-y-8">
      <div className="grid items-start gap-x-6 gap-y-8 lg:grid-cols-2">
        <WaitingApprovals />
        <div className="grid min-w-0 gap-8">
          <LiveTasks />
          <FailedTasks />
        </div>
      </div>
      <StatsPanel
        range={range}
        onRangeChange={(next) => {
          void navigate({ search: { range: next }, resetScroll: false })
        }}
      />
    </div>
  )
}

/** For a user without tasks: one step to the first answer. */
function FirstRun() {
  const { data } = useInfiniteQuery(agentsQuery())
  const agent = data?.pages[0]?.results[0]
  return (
    <div className="rounded-2xl border bg-card">
      <Notice
        icon={SparklesIcon}
        title="Run your first agent"
        action={
          <Button asChild>
            {agent ? (
              <Link
                to="/agents/$agentId"
                params={{ agentId: String(agent.id) }}
                search={{}}
              >
                <PlayIcon />
                Run {agent.name}
              </Link>
            ) : (
              <Link to="/agents">Create an agent</Link>
            )}
          </Button>
        }
      >
        Give it something to do and watch the answer arrive. Its results, run
        times and costs will appear here.
      </Notice>
    </div>
  )
}
