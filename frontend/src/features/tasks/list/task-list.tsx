import { Link } from '@tanstack/react-router'
import type { Ref } from 'react'

import { rowLinkClassName } from '@/components/row-link'
import { StatusIcon } from '@/components/status'
import { Duration, RelativeTime } from '@/components/times'
import { Skeleton } from '@/components/ui/skeleton'
import { cn } from '@/lib/cn'
import { formatCompact, formatInput } from '@/lib/format'

import type { Selection } from '../inbox/use-selection'
import { isCutOff } from '../queries'
import type { TaskRow } from '../queries'

/** One grid for the rows and their heading, so that the columns line up. */
const columns =
  'grid flex-1 grid-cols-[1rem_minmax(0,1fr)_auto] items-center gap-x-3 sm:grid-cols-[1rem_minmax(0,1fr)_6.5rem_5rem_6.5rem] sm:gap-x-4'

type TaskRowItemProps = {
  row: TaskRow
  hasAgent: boolean
  selection: Selection | undefined
}

function TaskRowItem({ row, hasAgent, selection }: TaskRowItemProps) {
  const isSelected = selection?.has(row.id) ?? false
  return (
    <li
      className={cn(
        'relative flex items-center px-4 transition-colors [contain-intrinsic-size:auto_3.75rem] [content-visibility:auto] hover:bg-muted/70',
        isSelected && 'bg-brand/8 hover:bg-brand/12',
      )}
    >
      {selection && <RowCheckbox row={row} selection={selection} />}
      <RowFacts row={row} hasAgent={hasAgent} />
    </li>
  )
}

type RowCheckboxProps = { row: TaskRow; selection: Selection }

/** Selects a row; with Shift all rows from the last one to it. */
function RowCheckbox({ row, selection }: RowCheckboxProps) {
  return (
    <label className="relative z-10 -my-1 -ml-4 flex cursor-pointer items-center self-stretch py-2.5 pr-3 pl-4">
      <input
        type="checkbox"
        aria-label={`Select task ${row.id}`}
        checked={selection.has(row.id)}
        className="size-4 cursor-pointer accent-brand"
        onChange={(event) => {
          const { nativeEvent } = event
          const isRange = 'shiftKey' in nativeEvent && nativeEvent.shiftKey
          selection.toggle(row.id, isRange === true)
        }}
      />
    </label>
  )
}

type RowFactsProps = { row: TaskRow; hasAgent: boolean }

function RowFacts({ row, hasAgent }: RowFactsProps) {
  // The icon already shows that a task was cancelled.
  const hasFailed = row.status === 'failed'
  const end = hasFailed ? row.error_code : isCutOff(row) ? 'cut off' : ''
  return (
    <div className={cn(columns, 'py-2.5')}>
      <StatusIcon status={row.status} />
      <div className="min-w-0">
        <Link
          to="/tasks/$taskId"
          params={{ taskId: String(row.id) }}
          data-task={row.id}
          className={rowLinkClassName}
        >
          {formatInput(row)}
        </Link>
        <p className="flex min-w-0 text-xs whitespace-pre text-muted-foreground">
          {hasAgent && (
            <>
              <span className="truncate">{row.agent_name}</span> ·{' '}
            </>
          )}
          <span
            className={cn(
              'shrink-0 tabular',
              // On a phone there is room for one of the two.
              end && 'hidden sm:inline',
            )}
          >
            Task {row.id}
            {end && ' · '}
          </span>
          <span
            className={cn(
              'shrink-0',
              hasFailed ? 'text-failed' : 'text-waiting',
            )}
          >
            {end}
          </span>
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
    </div>
  )
}

function TokenCounts({ row }: { row: TaskRow }) {
  if (row.input_tokens + row.output_tokens === 0) return null
  return (
    <>
      {row.usage_is_estimated && '≈'}
      {formatCompact(row.input_tokens)}
      <span className="sr-only"> input tokens,</span>
      <span aria-hidden> → </span>
      {formatCompact(row.output_tokens)}
      <span className="sr-only"> output tokens</span>
    </>
  )
}

type TaskListProps = {
  rows: TaskRow[]
  label: string
  hasAgent?: boolean
  /** For a list whose rows can be selected. */
  selection?: Selection
  ref?: Ref<HTMLUListElement>
}

export function TaskList({
  rows,
  label,
  hasAgent = true,
  selection,
  ref,
}: TaskListProps) {
  return (
    <div className="overflow-hidden rounded-2xl border bg-card">
      <div className="flex items-center border-b bg-muted/50 px-4 text-xs text-muted-foreground">
        {selection && <AllCheckbox rows={rows} selection={selection} />}
        <div aria-hidden className={cn(columns, 'hidden py-2 sm:grid')}>
          <span className="col-start-2">Task</span>
          <span className="text-right">Tokens</span>
          <span className="text-right">Run time</span>
          <span className="text-right">Submitted</span>
        </div>
      </div>
      <ul ref={ref} aria-label={label} className="divide-y">
        {rows.map((row) => (
          <TaskRowItem
            key={row.id}
            row={row}
            hasAgent={hasAgent}
            selection={selection}
          />
        ))}
      </ul>
    </div>
  )
}

type AllCheckboxProps = { rows: TaskRow[]; selection: Selection }

function AllCheckbox({ rows, selection }: AllCheckboxProps) {
  const { selected, selectLoaded, clear } = selection
  const isAll = selected.length === rows.length
  return (
    <label className="-ml-4 flex cursor-pointer items-center gap-2 py-2 pr-3 pl-4 touch:py-3">
      <input
        type="checkbox"
        aria-label="Select all shown tasks"
        checked={isAll}
        ref={(input) => {
          if (input) input.indeterminate = selected.length > 0 && !isAll
        }}
        className="size-4 cursor-pointer accent-brand"
        onChange={isAll ? clear : selectLoaded}
      />
      <span className="sm:hidden">All</span>
    </label>
  )
}

type TaskListSkeletonProps = {
  rows?: number
  /** Whether the rows will be selectable: their heading is then shown on a phone too. */
  isSelectable?: boolean
}

export function TaskListSkeleton({
  rows = 8,
  isSelectable = false,
}: TaskListSkeletonProps) {
  return (
    <div
      role="status"
      aria-label="Loading"
      className="divide-y overflow-hidden rounded-2xl border bg-card"
    >
      <div
        className={cn(
          'h-8 bg-muted/50',
          isSelectable ? 'touch:h-10' : 'hidden sm:block',
        )}
      />
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="flex h-14 items-center gap-3 px-4">
          <Skeleton className="size-4 rounded-full" />
          <div className="flex-1 space-y-2">
            <Skeleton className="h-3.5 w-3/5" />
            <Skeleton className="h-2.5 w-1/5" />
          </div>
          <Skeleton className="h-3 w-16" />
        </div>
      ))}
    </div>
  )
}
