import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CircleCheckIcon, RotateCcwIcon } from 'lucide-react'
import { toast } from 'sonner'

import { CardList, Quiet } from '@/components/card-list'
import { Section } from '@/components/section'
import { StatusIcon } from '@/components/status'
import { RelativeTime } from '@/components/times'
import { Button } from '@/components/ui/button'
import { asProblem } from '@/lib/api/problem'
import { formatCount } from '@/lib/format'

import { failedTasksQuery, useRetryTask } from '../queries'
import type { TaskRow } from '../queries'

/** The last ones that failed, why, and the way to run them again. */
export function FailedTasks() {
  const query = useQuery(failedTasksQuery())
  const { count = 0, results = [] } = query.data ?? {}
  return (
    <Section
      title="Last failures"
      aside={
        count > results.length && (
          <Button variant="link" asChild>
            <Link to="/tasks" search={{ status: ['failed'] }}>
              All {formatCount(count, 'task', query.data?.count_is_exact)}
            </Link>
          </Button>
        )
      }
    >
      <CardList
        label="Last failures"
        query={query}
        empty={<Quiet icon={CircleCheckIcon}>Nothing has failed.</Quiet>}
      >
        {(row) => <FailedTask key={row.id} row={row} />}
      </CardList>
    </Section>
  )
}

function FailedTask({ row }: { row: TaskRow }) {
  const retryTask = useRetryTask()
  return (
    <li className="relative flex items-start gap-3 px-4 py-3 transition-colors hover:bg-muted/70">
      <StatusIcon status={row.status} className="mt-0.5" />
      <div className="min-w-0 flex-1">
        <Link
          to="/tasks/$taskId"
          params={{ taskId: String(row.id) }}
          className="block truncate text-sm font-medium after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-ring"
        >
          {row.input_excerpt}
        </Link>
        <p className="line-clamp-2 text-sm wrap-anywhere text-failed">
          {row.error_detail || row.error_code}
        </p>
        <p className="mt-0.5 truncate text-xs text-muted-foreground">
          {row.agent_name} ·{' '}
          <RelativeTime time={row.finished_at ?? row.created_at} />
        </p>
      </div>
      <Button
        variant="outline"
        size="small"
        className="relative"
        aria-label={`Retry task ${row.id}`}
        disabled={retryTask.isPending}
        onClick={() => {
          retryTask.mutate(
            { params: { path: { id: row.id } } },
            {
              onSuccess: () => toast.success(`Task ${row.id} runs again.`),
              onError: (error) => toast.error(asProblem(error).detail),
            },
          )
        }}
      >
        <RotateCcwIcon />
        Retry
      </Button>
    </li>
  )
}
