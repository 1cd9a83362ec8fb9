import { isLive } from '@/components/status'

import type { Task } from '../queries'

const SILENCE: Record<Task['status'], string> = {
  pending: 'Waiting for a worker',
  running: 'Waiting for the first words',
  waiting: 'Waiting',
  completed: 'The answer is empty.',
  failed: 'It failed before it answered.',
  cancelled: 'It was cancelled before it answered.',
}

type SilenceProps = { task: Task; hasSteps: boolean }

/** Why there is nothing to read. */
export function Silence({ task, hasSteps }: SilenceProps) {
  const isWorking = hasSteps && task.status === 'running'
  return (
    <p className="flex items-center gap-2.5 text-sm text-muted-foreground">
      {isLive(task.status) && (
        <span aria-hidden className="relative flex size-2 shrink-0">
          <span className="absolute size-full animate-ping rounded-full bg-running opacity-60" />
          <span className="size-2 rounded-full bg-running" />
        </span>
      )}
      {task.wait?.detail ?? (isWorking ? 'Working' : SILENCE[task.status])}
    </p>
  )
}
