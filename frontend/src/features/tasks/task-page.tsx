import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ChevronRightIcon } from 'lucide-react'
import type { ReactNode } from 'react'

import { ErrorNotice } from '@/components/notice'
import { Screen } from '@/components/screen'
import { StatusBadge } from '@/components/status'
import { Skeleton } from '@/components/ui/skeleton'

import { taskQuery } from './queries'
import { TaskActions } from './task-actions'
import { TaskFacts } from './task-facts'
import { TaskViews } from './task-views'
import type { TaskView } from './views'

type TaskPageProps = {
  id: number
  view: TaskView
  onViewChange: (view: TaskView) => void
  /** What the task waits for a person to say. */
  approvals: ReactNode
}

export function TaskPage({ id, approvals, ...views }: TaskPageProps) {
  const { data: task, error, refetch } = useQuery(taskQuery(id))
  const title = `Task ${id}`

  return (
    <Screen
      title={task ? `${task.agent_name} · ${title}` : title}
      heading={
        <span className="flex flex-wrap items-center gap-x-3">
          {title}
          {task && <StatusBadge status={task.status} />}
        </span>
      }
      above={<Breadcrumb id={id} />}
      actions={task && <TaskActions task={task} />}
    >
      {task ? (
        <div className="grid gap-4 lg:grid-cols-[minmax(0,1fr)_15rem] lg:gap-6">
          <div className="lg:order-2">
            <div className="lg:sticky lg:top-8">
              <TaskFacts task={task} />
            </div>
          </div>
          <TaskViews
            key={task.id}
            task={task}
            approvals={task.wait?.reason === 'person' && approvals}
            {...views}
          />
        </div>
      ) : error ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      ) : (
        <TaskSkeleton />
      )}
    </Screen>
  )
}

function Breadcrumb({ id }: { id: number }) {
  return (
    <nav aria-label="Breadcrumb" className="mb-1">
      <ol className="flex items-center gap-1 text-sm text-muted-foreground">
        <li>
          <Link to="/tasks" className="rounded hover:text-foreground">
            Tasks
          </Link>
        </li>
        <ChevronRightIcon aria-hidden className="size-3.5" />
        <li aria-current="page">{id}</li>
      </ol>
    </nav>
  )
}

function TaskSkeleton() {
  return (
    <div
      aria-label="Loading"
      role="status"
      className="grid gap-4 lg:grid-cols-[minmax(0,1fr)_15rem] lg:gap-6"
    >
      <div className="space-y-4">
        <Skeleton className="h-9 w-64" />
        <Skeleton className="h-28 rounded-2xl" />
        <Skeleton className="h-72 rounded-2xl" />
      </div>
      <Skeleton className="hidden h-96 rounded-2xl lg:block" />
    </div>
  )
}
