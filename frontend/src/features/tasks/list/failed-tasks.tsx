import { Link } from '@tanstack/react-router'
import { CircleCheckIcon, RotateCcwIcon } from 'lucide-react'
import { toast } from 'sonner'

import { BusyButton } from '@/components/busy-button'
import { EmptyNote } from '@/components/card-list'
import { RelativeTime } from '@/components/times'
import { Button } from '@/components/ui/button'
import { toastProblem } from '@/lib/toast-problem'

import { failedTasksQuery, useRetryTask } from '../queries'
import type { TaskRow } from '../queries'
import { failsAgain } from '../task/retries'
import { TaskCard, TaskCardRow } from './task-card'

/** The latest failures with their reasons, each of which can be retried. */
export function FailedTasks() {
  return (
    <TaskCard
      title="Recent failures"
      query={failedTasksQuery()}
      statuses={['failed']}
      empty={
        <EmptyNote icon={CircleCheckIcon}>No tasks have failed.</EmptyNote>
      }
    >
      {(row) => (
        <TaskCardRow
          key={row.id}
          row={row}
          className="py-3"
          aside={
            failsAgain(row) ? <OpenAgent row={row} /> : <Retry row={row} />
          }
        >
          <p className="line-clamp-2 text-sm wrap-anywhere text-failed">
            {row.error_detail || row.error_code}
          </p>
          <p className="mt-0.5 truncate text-xs text-muted-foreground">
            {row.agent_name} ·{' '}
            <RelativeTime time={row.finished_at ?? row.created_at} />
          </p>
        </TaskCardRow>
      )}
    </TaskCard>
  )
}

function OpenAgent({ row }: { row: TaskRow }) {
  return (
    <Button asChild variant="outline" size="small" className="relative">
      <Link to="/agents/$agentId" params={{ agentId: String(row.agent) }}>
        Open agent
      </Link>
    </Button>
  )
}

function Retry({ row }: { row: TaskRow }) {
  const retryTask = useRetryTask()
  return (
    <BusyButton
      variant="outline"
      size="small"
      className="relative"
      aria-label={`Retry task ${row.id}`}
      isBusy={retryTask.isPending}
      icon={<RotateCcwIcon />}
      onClick={() => {
        retryTask.mutate(
          { params: { path: { id: row.id } } },
          {
            onSuccess: () => toast.success(`Task ${row.id} was queued again.`),
            onError: toastProblem,
          },
        )
      }}
    >
      Retry
    </BusyButton>
  )
}
