import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ChevronRightIcon } from 'lucide-react'

import { CopyButton } from '@/components/copy-button'
import { ErrorNotice } from '@/components/notice'
import { Screen } from '@/components/screen'
import { Skeleton } from '@/components/ui/skeleton'
import { taskQuery } from './queries'
import { TaskActions } from './task-actions'
import { TaskFacts } from './task-facts'
import { TaskOutput } from './task-output'

export function TaskPage({ id }: { id: number }) {
  const { data: task, error, refetch } = useQuery(taskQuery(id))
  const title = `Task ${id}`

  return (
    <Screen
      title={task ? `${task.agent_name} · ${title}` : title}
      heading={title}
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
          <div className="min-w-0 space-y-4">
            <TaskInput text={task.input_text} />
            <TaskOutput key={task.id} task={task} />
          </div>
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

function TaskInput({ text }: { text: string }) {
  return (
    <section aria-label="Input" className="rounded-2xl border bg-card">
      <header className="flex h-12 items-center border-b pr-2 pl-4 sm:pl-5">
        <h2 className="flex-1 text-sm font-medium">Input</h2>
        <CopyButton text={text} label="Copy input" />
      </header>
      <p className="max-h-80 overflow-y-auto px-4 py-4 wrap-anywhere whitespace-pre-wrap sm:px-5">
        {text}
      </p>
    </section>
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
        <Skeleton className="h-28 rounded-2xl" />
        <Skeleton className="h-72 rounded-2xl" />
      </div>
      <Skeleton className="hidden h-96 rounded-2xl lg:block" />
    </div>
  )
}
