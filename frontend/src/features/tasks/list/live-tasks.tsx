import { CirclePauseIcon } from 'lucide-react'

import { EmptyNote } from '@/components/card-list'
import { Duration, RelativeTime } from '@/components/times'

import { liveTasksQuery } from '../queries'
import { TaskCard, TaskCardRow } from './task-card'

/** The tasks that run, and those in the queue. */
export function LiveTasks() {
  return (
    <TaskCard
      title="Running now"
      query={liveTasksQuery()}
      statuses={['running', 'pending']}
      empty={
        <EmptyNote icon={CirclePauseIcon}>No tasks are running.</EmptyNote>
      }
    >
      {(row) => (
        <TaskCardRow
          key={row.id}
          row={row}
          aside={
            <span className="mt-0.5 shrink-0 text-xs text-muted-foreground">
              {row.status === 'running' && row.started_at ? (
                <Duration from={row.started_at} to={null} />
              ) : (
                <RelativeTime time={row.created_at} />
              )}
            </span>
          }
        >
          <p className="truncate text-xs text-muted-foreground">
            {row.agent_name}
          </p>
        </TaskCardRow>
      )}
    </TaskCard>
  )
}
