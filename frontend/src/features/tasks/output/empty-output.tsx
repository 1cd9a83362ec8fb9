import { isLive } from '@/components/status'

import type { Task } from '../queries'

const REASONS: Record<Task['status'], string> = {
  pending: 'Waiting for a worker',
  running: 'Waiting for the model',
  waiting: 'Waiting',
  completed: 'The answer is empty.',
  failed: 'The task failed before it produced an answer.',
  cancelled: 'The task was cancelled before it produced an answer.',
}

type EmptyOutputProps = { task: Task; hasSteps: boolean }

/** Says why a task has no answer to show. */
export function EmptyOutput({ task, hasSteps }: EmptyOutputProps) {
  const isWorking = hasSteps && task.status === 'running'
  return (
    <p className="flex items-center gap-2.5 text-sm text-muted-foreground">
      {isLive(task.status) && (
        <span aria-hidden className="relative flex size-2 shrink-0">
          <span className="absolute size-full animate-ping rounded-full bg-running opacity-60" />
          <span className="size-2 rounded-full bg-running" />
        </span>
      )}
      {task.wait?.detail ?? (isWorking ? 'Working' : REASONS[task.status])}
    </p>
  )
}
