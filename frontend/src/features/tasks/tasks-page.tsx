import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { InboxIcon, SearchXIcon } from 'lucide-react'

import { LoadMore } from '@/components/load-more'
import { ErrorNotice, Notice } from '@/components/notice'
import { Screen } from '@/components/screen'
import { Button } from '@/components/ui/button'
import { rowsOf } from '@/lib/api/pages'
import { formatCount } from '@/lib/format'

import { tasksQuery } from './queries'
import type { TaskFilters } from './queries'
import { TaskFilterBar } from './task-filters'
import { TaskList, TaskListSkeleton } from './task-row'

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
          onFiltersChange({})
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
  if (!query.data) return <TaskListSkeleton />

  const { rows, count, isExact } = rowsOf(query.data)
  if (rows.length === 0) {
    const isFiltered = Object.values(filters).some(Boolean)
    return isFiltered ? <NothingFound onClear={onClear} /> : <NoTasks />
  }
  return (
    <div aria-busy={query.isPlaceholderData}>
      <TaskList rows={rows} label="Tasks" />
      <p role="status" className="mt-3 px-1 text-xs text-muted-foreground">
        {formatCount(count, 'task', isExact)}
      </p>
      <LoadMore query={query} />
    </div>
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
        Try fewer words, or another status or agent.
      </Notice>
    </div>
  )
}
