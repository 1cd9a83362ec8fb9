import { Link } from '@tanstack/react-router'

import { StatusIcon } from '@/components/status'
import { Duration, RelativeTime } from '@/components/times'
import { Skeleton } from '@/components/ui/skeleton'
import { cn } from '@/lib/cn'
import { formatCompact } from '@/lib/format'

import type { TaskRow } from './queries'

/** One grid for the rows and their heading, so that the columns stand in line. */
const columns =
  'grid grid-cols-[1rem_minmax(0,1fr)_auto] items-center gap-x-3 sm:grid-cols-[1rem_minmax(0,1fr)_6.5rem_5rem_6.5rem] sm:gap-x-4'

function TaskRowItem({ row, hasAgent }: { row: TaskRow; hasAgent: boolean }) {
  return (
    <li
      className={cn(
        columns,
        'relative px-4 py-2.5 transition-colors hover:bg-muted/70',
      )}
    >
      <StatusIcon status={row.status} />
      <div className="min-w-0">
        <Link
          to="/tasks/$taskId"
          params={{ taskId: String(row.id) }}
          className="block truncate text-sm font-medium after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-ring"
        >
          {row.input_excerpt}
        </Link>
        <p className="truncate text-xs text-muted-foreground">
          {hasAgent && <>{row.agent_name} · </>}
          <span className="tabular">{row.id}</span>
          {row.error_code && (
            <span className="text-failed"> · {row.error_code}</span>
          )}
        </p>
      </div>
      <span className="hidden text-right text-xs text-muted-foreground tabular sm:block">
        <TokenCounts row={row} />
      </span>
      <span className="hidden text-right text-xs text-muted-foreground sm:block">
        {row.started_at && (
          <Duration from={row.started_at} to={row.finished_at} />
        )}
      </span>
      <RelativeTime
        time={row.created_at}
        className="text-right text-xs text-muted-foreground"
      />
    </li>
  )
}

function TokenCounts({ row }: { row: TaskRow }) {
  if (row.input_tokens + row.output_tokens === 0) return null
  return (
    <>
      {formatCompact(row.input_tokens)}
      <span className="sr-only"> tokens in,</span>
      <span aria-hidden> → </span>
      {formatCompact(row.output_tokens)}
      <span className="sr-only"> tokens out</span>
    </>
  )
}

type TaskListProps = { rows: TaskRow[]; label: string; hasAgent?: boolean }

export function TaskList({ rows, label, hasAgent = true }: TaskListProps) {
  return (
    <div className="overflow-hidden rounded-2xl border bg-card">
      <div
        aria-hidden
        className={cn(
          columns,
          'hidden border-b bg-muted/50 px-4 py-2 text-xs text-muted-foreground sm:grid',
        )}
      >
        <span className="col-start-2">Task</span>
        <span className="text-right">Tokens</span>
        <span className="text-right">Ran</span>
        <span className="text-right">Submitted</span>
      </div>
      <ul aria-label={label} className="divide-y">
        {rows.map((row) => (
          <TaskRowItem key={row.id} row={row} hasAgent={hasAgent} />
        ))}
      </ul>
    </div>
  )
}

export function TaskListSkeleton({ rows = 8 }: { rows?: number }) {
  return (
    <div
      role="status"
      aria-label="Loading"
      className="divide-y overflow-hidden rounded-2xl border bg-card"
    >
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="flex items-center gap-3 px-4 py-3.5">
          <Skeleton className="size-4 rounded-full" />
          <div className="flex-1 space-y-2">
            <Skeleton className="h-3.5 w-3/5" />
            <Skeleton className="h-3 w-1/5" />
          </div>
          <Skeleton className="h-3 w-16" />
        </div>
      ))}
    </div>
  )
}
