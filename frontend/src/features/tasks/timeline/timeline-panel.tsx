import { useInfiniteQuery } from '@tanstack/react-query'

import { LoadMore } from '@/components/load-more'
import { ErrorNotice } from '@/components/notice'
import { isLive } from '@/components/status'
import { Skeleton } from '@/components/ui/skeleton'
import { rowsOf } from '@/lib/api/pages'
import { formatDuration } from '@/lib/format'
import { useFastNow } from '@/lib/use-now'

import { stepsQuery } from '../queries'
import type { Step, Task } from '../queries'
import type { TaskStream } from '../stream/task-stream'
import { timelineOf } from './timeline'
import type { Line } from './timeline'
import { lineColumns, TimelineLine } from './timeline-line'

type TimelinePanelProps = { task: Task; stream: TaskStream }

/** How a task spent its time and tokens. */
export function TimelinePanel({ task, stream }: TimelinePanelProps) {
  const query = useInfiniteQuery(stepsQuery(task.id))
  if (query.data) {
    const { rows: steps, count } = rowsOf(query.data)
    const { steps: streamed, log } = stream
    const all = timelineOf({ task, log, streamed, steps })
    const lines = query.hasNextPage ? untilEndOf(steps, all) : all
    return (
      <section aria-label="Timeline">
        <div className="overflow-hidden rounded-2xl border bg-card">
          {isLive(task.status) ? (
            <GrowingLines lines={lines} />
          ) : (
            <Lines lines={lines} now={Date.parse(task.finished_at ?? '')} />
          )}
          {query.hasNextPage && (
            <p className="border-t px-4 py-3 text-xs text-muted-foreground">
              Showing the first {steps.length} of {count} steps.
            </p>
          )}
        </div>
        <LoadMore query={query} />
      </section>
    )
  }
  if (query.error) {
    return (
      <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
    )
  }
  return <Skeleton className="h-72 rounded-2xl" />
}

/** The log covers the whole task; beyond the loaded steps, the timeline would have gaps. */
function untilEndOf(steps: Step[], lines: Line[]) {
  const end = Date.parse(steps.at(-1)?.finished_at ?? '')
  return lines.filter(({ from }) => from <= end)
}

function GrowingLines({ lines }: { lines: Line[] }) {
  return <Lines lines={lines} now={useFastNow()} />
}

function Lines({ lines, now }: { lines: Line[]; now: number }) {
  const begin = Math.min(now, ...lines.map(({ from }) => from))
  const end = Math.max(now, ...lines.map(({ from, to }) => to ?? from))
  const axis = { begin, length: Math.max(1, end - begin), now: end }
  return (
    <>
      <div
        aria-hidden
        className={`${lineColumns} hidden border-b bg-muted/50 px-4 py-2 text-xs text-muted-foreground sm:grid`}
      >
        <span>Activity</span>
        <span className="flex justify-between tabular">
          <span>0 s</span>
          <span>{formatDuration(axis.length)}</span>
        </span>
        <span className="text-right">Duration</span>
        <span className="text-right">Tokens</span>
      </div>
      <ol aria-label="Timeline" className="divide-y">
        {lines.map((line) => (
          <TimelineLine key={line.key} line={line} axis={axis} />
        ))}
      </ol>
    </>
  )
}
