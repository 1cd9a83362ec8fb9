import { useInfiniteQuery } from '@tanstack/react-query'

import { CodeBlock } from '@/components/code-block'
import { LoadMore } from '@/components/load-more'
import { ErrorNotice } from '@/components/notice'
import { Skeleton } from '@/components/ui/skeleton'
import { rowsOf } from '@/lib/api/pages'

import { stepsQuery } from '../queries'
import type { Task } from '../queries'

/** The task as the API returns it. */
export function JsonPanel({ task }: { task: Task }) {
  const query = useInfiniteQuery(stepsQuery(task.id))
  return (
    <div className="space-y-4">
      <Part title="Task" path={`/api/tasks/${task.id}/`} value={task} />
      {query.data ? (
        <Part
          title="Steps"
          path={`/api/tasks/${task.id}/steps/`}
          value={rowsOf(query.data).rows}
        />
      ) : query.error ? (
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Skeleton className="h-48 rounded-2xl" />
      )}
      <LoadMore query={query} />
    </div>
  )
}

type PartProps = { title: string; path: string; value: unknown }

function Part({ title, path, value }: PartProps) {
  return (
    <section aria-label={title} className="rounded-2xl border bg-card">
      <header className="flex h-12 items-center gap-3 border-b px-4 sm:px-5">
        <h2 className="text-sm font-medium">{title}</h2>
        <code className="truncate font-mono text-xs text-muted-foreground">
          GET {path}
        </code>
      </header>
      <div className="p-3">
        <CodeBlock
          text={JSON.stringify(value, null, 2)}
          label={`JSON of ${title.toLowerCase()}`}
          className="max-h-[32rem] border-0 bg-transparent"
        />
      </div>
    </section>
  )
}
