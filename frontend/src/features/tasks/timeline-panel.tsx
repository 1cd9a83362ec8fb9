import { useQuery } from '@tanstack/react-query'

import { ErrorNotice } from '@/components/notice'
import { isLive } from '@/components/status'
import { Skeleton } from '@/components/ui/skeleton'
import { formatDuration } from '@/lib/format'
import { useFastNow } from '@/lib/use-now'

import { stepsQuery } from './queries'
import type { Task } from './queries'
import type { TaskStream } from './task-stream'
import { timelineOf } from './timeline'
import type { Line } from './timeline'
import { lineColumns, TimelineLine } from './timeline-line'

type TimelinePanelProps = { task: Task; stream: TaskStream }

/** Where a task's time and tokens went. */
export function TimelinePanel({ task, stream }: TimelinePanelProps) {
  const { data, error, refetch } = useQuery(stepsQuery(task.id))
  if (data) {
    const { steps: said, log } = stream
    const lines = timelineOf({ task, log, said, steps: data.results })
    return (
      <section
        aria-label="Timeline"
        className="overflow-hidden rounded-2xl border bg-card"
      >
        {isLive(task.status) ? (
          <GrowingLines lines={lines} />
        ) : (
          <Lines lines={lines} now={Date.parse(task.finished_at ?? '')} />
        )}
        {data.count > data.results.length && (
          <p className="border-t px-4 py-3 text-xs text-muted-foreground">
            These are the first {data.results.length} of {data.count} steps.
          </p>
        )}
      </section>
    )
  }
  if (error) {
    return <ErrorNotice error={error} onRetry={() => void refetch()} />
  }
  return <Skeleton className="h-72 rounded-2xl" />
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
        <span>What happened</span>
        <span className="flex justify-between tabular">
          <span>0 s</span>
          <span>{formatDuration(axis.length)}</span>
        </span>
        <span className="text-right">Took</span>
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
