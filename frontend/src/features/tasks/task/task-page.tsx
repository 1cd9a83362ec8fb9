import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ChevronRightIcon } from 'lucide-react'
import type { ReactNode } from 'react'

import { ErrorNotice } from '@/components/notice'
import { Screen } from '@/components/screen'
import { StatusBadge } from '@/components/status'
import { Button } from '@/components/ui/button'
import { Skeleton } from '@/components/ui/skeleton'

import { CutOffBadge } from '../output/cut-off'
import { taskQuery } from '../queries'
import type { Task } from '../queries'
import { TaskActions } from './task-actions'
import { TaskFacts, TaskFactsSkeleton } from './task-facts'
import { TaskViews } from './task-views'
import type { TaskView } from './views'

const columns = 'grid gap-4 lg:grid-cols-[minmax(0,1fr)_15rem] lg:gap-6'

type TaskPageProps = {
  id: number
  view: TaskView
  onViewChange: (view: TaskView) => void
  /** The decisions that the task waits for. */
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
          {task && <CutOffBadge task={task} />}
        </span>
      }
      above={<Breadcrumb id={id} />}
      actions={<Actions task={task} isMissing={error !== null} />}
    >
      {task ? (
        <div className={columns}>
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
        <ErrorNotice
          error={error}
          onRetry={() => void refetch()}
          fallbackAction={
            <Button asChild variant="outline">
              <Link to="/tasks">See all tasks</Link>
            </Button>
          }
        />
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
          <Link
            to="/tasks"
            className="rounded hover:text-foreground touch:hit-area"
          >
            Tasks
          </Link>
        </li>
        <ChevronRightIcon aria-hidden className="size-3.5" />
        <li aria-current="page">{id}</li>
      </ol>
    </nav>
  )
}

type ActionsProps = { task: Task | undefined; isMissing: boolean }

function Actions({ task, isMissing }: ActionsProps) {
  if (task) return <TaskActions task={task} />
  if (isMissing) return null
  return (
    <>
      <Skeleton className="h-9 w-28 rounded-lg touch:h-10" />
      <Skeleton className="size-9 rounded-lg touch:size-10" />
    </>
  )
}

function TaskSkeleton() {
  return (
    <div aria-label="Loading" role="status" className={columns}>
      <div className="lg:order-2">
        <TaskFactsSkeleton />
      </div>
      <div className="min-w-0 space-y-4">
        <div className="flex h-9 items-center gap-7 border-b px-3 touch:h-10">
          <Skeleton className="h-3.5 w-12" />
          <Skeleton className="h-3.5 w-14" />
          <Skeleton className="h-3.5 w-10" />
        </div>
        <PanelSkeleton lines={1} />
        <PanelSkeleton lines={4} />
      </div>
    </div>
  )
}

function PanelSkeleton({ lines }: { lines: number }) {
  return (
    <div className="rounded-2xl border bg-card">
      <div className="flex h-12 items-center border-b px-4 sm:px-5">
        <Skeleton className="h-3.5 w-14" />
      </div>
      <div className="space-y-3 px-4 py-5 sm:px-5">
        {Array.from({ length: lines }, (_, index) => (
          <Skeleton key={index} className="h-3.5 last:w-3/5" />
        ))}
      </div>
    </div>
  )
}
