import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'

import { ErrorNotice } from '@/components/notice'
import { Button } from '@/components/ui/button'

import { recentTasksQuery } from '../queries'
import { TaskList, TaskListSkeleton } from './task-list'

/** The newest tasks of one agent. */
export function RecentTasks({ agent }: { agent: number }) {
  const { data, error, refetch } = useQuery(recentTasksQuery(agent))

  return (
    <section aria-label="Recent tasks">
      <header className="mb-3 flex items-center justify-between">
        <h2 className="text-sm font-medium">Recent tasks</h2>
        {data && data.results.length > 0 && (
          <Button asChild variant="link">
            <Link to="/tasks" search={{ agent }}>
              See all
            </Link>
          </Button>
        )}
      </header>
      {data ? (
        data.results.length > 0 ? (
          <TaskList rows={data.results} label="Recent tasks" hasAgent={false} />
        ) : (
          <p className="rounded-2xl border border-dashed px-4 py-8 text-center text-sm text-muted-foreground">
            This agent has not run yet.
          </p>
        )
      ) : error ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      ) : (
        <TaskListSkeleton rows={3} />
      )}
    </section>
  )
}
