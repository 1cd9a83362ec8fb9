import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { InboxIcon, SearchXIcon } from 'lucide-react'
import { lazy, Suspense } from 'react'
import type { ReactNode } from 'react'

import { Kbd } from '@/components/kbd'
import { LoadMore } from '@/components/load-more'
import { ErrorNotice, Notice } from '@/components/notice'
import { Screen } from '@/components/screen'
import { Button } from '@/components/ui/button'
import { rowsOf } from '@/lib/api/pages'
import { formatCount } from '@/lib/format'

import { TaskList, TaskListSkeleton } from '../list/task-list'
import { hasFilters, tasksQuery } from '../queries'
import type { TaskFilters, TaskRow } from '../queries'
import { TaskFilterBar } from './task-filters'
import { useListKeys } from './use-list-keys'
import { useSelection } from './use-selection'

// Not needed for the first paint.
const BulkBar = lazy(async () => ({
  default: (await import('./bulk-bar')).BulkBar,
}))

type TasksPageProps = {
  filters: TaskFilters
  onFiltersChange: (filters: TaskFilters) => void
  /** The control that narrows the list to one agent. */
  agentFilter: ReactNode
}

export function TasksPage({
  filters,
  onFiltersChange,
  agentFilter,
}: TasksPageProps) {
  return (
    <Screen
      title="Tasks"
      description="Everything that your agents have done and are doing."
    >
      <TaskFilterBar
        filters={filters}
        onChange={onFiltersChange}
        agentFilter={agentFilter}
      />
      <Inbox
        filters={filters}
        onClear={() => {
          onFiltersChange({ ordering: filters.ordering })
        }}
      />
    </Screen>
  )
}

type InboxProps = { filters: TaskFilters; onClear: () => void }

function Inbox({ filters, onClear }: InboxProps) {
  const query = useInfiniteQuery(tasksQuery(filters))

  if (query.error && !query.data) {
    return (
      <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
    )
  }
  if (!query.data) return <TaskListSkeleton isSelectable />

  const { rows, count, isExact } = rowsOf(query.data)
  if (rows.length === 0) {
    return hasFilters(filters) ? <NoMatches onClear={onClear} /> : <NoTasks />
  }
  return (
    <div aria-busy={query.isPlaceholderData}>
      <SelectableTasks
        // A selection belongs to the filters that it was made with.
        key={JSON.stringify(filters)}
        rows={rows}
        filters={filters}
        matching={{ count, isExact, hasMore: query.hasNextPage }}
      >
        <LoadMore query={query} />
      </SelectableTasks>
    </div>
  )
}

type SelectableTasksProps = {
  rows: TaskRow[]
  filters: TaskFilters
  matching: { count: number; isExact: boolean; hasMore: boolean }
  children: ReactNode
}

function SelectableTasks(props: SelectableTasksProps) {
  const { rows, filters, matching, children } = props
  const selection = useSelection(rows)
  const list = useListKeys(selection)
  return (
    <>
      <TaskList ref={list} rows={rows} label="Tasks" selection={selection} />
      <div className="mt-3 flex flex-wrap items-center justify-between gap-x-6 gap-y-1 px-1 text-xs text-muted-foreground">
        <p role="status">
          {formatCount(matching.count, 'task', matching.isExact)}
        </p>
        <KeyHints />
      </div>
      {children}
      <Suspense fallback={null}>
        <BulkBar selection={selection} filters={filters} matching={matching} />
      </Suspense>
    </>
  )
}

const KEYS = [
  ['J K', 'move'],
  ['Enter', 'open'],
  ['X', 'select'],
  ['/', 'search'],
]

function KeyHints() {
  return (
    <p className="hidden items-center gap-3 md:flex">
      {KEYS.map(([keys, action]) => (
        <span key={keys}>
          <Kbd>{keys}</Kbd> {action}
        </span>
      ))}
    </p>
  )
}

function NoTasks() {
  return (
    <div className="rounded-2xl border bg-card">
      <Notice
        icon={InboxIcon}
        title="No tasks yet"
        action={
          <Button asChild>
            <Link to="/agents">Choose an agent</Link>
          </Button>
        }
      >
        Run an agent. Every task is listed here, with its answer.
      </Notice>
    </div>
  )
}

function NoMatches({ onClear }: { onClear: () => void }) {
  return (
    <div className="rounded-2xl border bg-card">
      <Notice
        icon={SearchXIcon}
        title="No matching tasks"
        action={
          <Button variant="outline" onClick={onClear}>
            Clear filters
          </Button>
        }
      >
        Try other words, or a different status, agent or period.
      </Notice>
    </div>
  )
}
