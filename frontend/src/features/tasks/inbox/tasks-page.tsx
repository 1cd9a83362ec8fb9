import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { InboxIcon, SearchXIcon } from 'lucide-react'
import type { ReactNode } from 'react'

import { Kbd } from '@/components/kbd'
import { LoadMore } from '@/components/load-more'
import { ErrorNotice, Notice } from '@/components/notice'
import { Screen } from '@/components/screen'
import { Button } from '@/components/ui/button'
import { rowsOf } from '@/lib/api/pages'
import { formatCount } from '@/lib/format'

import { TaskList, TaskListSkeleton } from '../list/task-list'
import { isNarrowed, tasksQuery } from '../queries'
import type { TaskFilters, TaskRow } from '../queries'
import { BulkBar } from './bulk-bar'
import { TaskFilterBar } from './task-filters'
import { useListKeys } from './use-list-keys'
import { useSelection } from './use-selection'

type TasksPageProps = {
  filters: TaskFilters
  onFiltersChange: (filters: TaskFilters) => void
}

export function TasksPage({ filters, onFiltersChange }: TasksPageProps) {
  return (
    <Screen title="Tasks" lead="Everything your agents did and do.">
      <TaskFilterBar filters={filters} onChange={onFiltersChange} />
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
    return isNarrowed(filters) ? (
      <NothingFound onClear={onClear} />
    ) : (
      <NoTasks />
    )
  }
  return (
    <div aria-busy={query.isPlaceholderData}>
      <SelectableTasks
        // What was chosen belongs to what was looked for.
        key={JSON.stringify(filters)}
        rows={rows}
        filters={filters}
        found={{ count, isExact, hasMore: query.hasNextPage }}
      >
        <LoadMore query={query} />
      </SelectableTasks>
    </div>
  )
}

type SelectableTasksProps = {
  rows: TaskRow[]
  filters: TaskFilters
  found: { count: number; isExact: boolean; hasMore: boolean }
  children: ReactNode
}

function SelectableTasks(props: SelectableTasksProps) {
  const { rows, filters, found, children } = props
  const selection = useSelection(rows)
  const list = useListKeys(selection)
  return (
    <>
      <TaskList ref={list} rows={rows} label="Tasks" selection={selection} />
      <div className="mt-3 flex flex-wrap items-center justify-between gap-x-6 gap-y-1 px-1 text-xs text-muted-foreground">
        <p role="status">{formatCount(found.count, 'task', found.isExact)}</p>
        <KeyHints />
      </div>
      {children}
      <BulkBar selection={selection} filters={filters} found={found} />
    </>
  )
}

const KEYS = [
  ['J K', 'move'],
  ['Enter', 'open'],
  ['X', 'choose'],
  ['/', 'search'],
]

function KeyHints() {
  return (
    <p className="hidden items-center gap-3 md:flex">
      {KEYS.map(([keys, what]) => (
        <span key={keys}>
          <Kbd>{keys}</Kbd> {what}
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
        Give an agent something to do. Each run is kept here, with its answer.
      </Notice>
    </div>
  )
}

function NothingFound({ onClear }: { onClear: () => void }) {
  return (
    <div className="rounded-2xl border bg-card">
      <Notice
        icon={SearchXIcon}
        title="No task matches"
        action={
          <Button variant="outline" onClick={onClear}>
            Clear the filters
          </Button>
        }
      >
        Try fewer words, or another status, agent or time.
      </Notice>
    </div>
  )
}
