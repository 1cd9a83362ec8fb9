import { useNavigate } from '@tanstack/react-router'
import { CircleStopIcon, CopyPlusIcon, RotateCcwIcon } from 'lucide-react'
import { toast } from 'sonner'

import { isLive } from '@/components/status'
import { Button } from '@/components/ui/button'
import { asProblem } from '@/lib/api/problem'

import { useCancelTask, useRetryTask, useRunTask } from '../queries'
import type { Task } from '../queries'
import { TaskMenu } from './task-menu'

const onError = (error: unknown) => toast.error(asProblem(error).detail)

/** What can be done with a task as it stands. */
export function TaskActions({ task }: { task: Task }) {
  const isRetryable = task.status === 'failed' || task.status === 'cancelled'
  return (
    <>
      {isRetryable && <Retry task={task} />}
      <RunAgain task={task} />
      {isLive(task.status) && <Cancel task={task} />}
      <TaskMenu task={task} />
    </>
  )
}

type CancelProps = { task: Task; size?: 'default' | 'small' }

export function Cancel({ task, size = 'default' }: CancelProps) {
  const cancelTask = useCancelTask()
  return (
    <Button
      variant="outline"
      size={size}
      aria-disabled={cancelTask.isPending}
      onClick={() => {
        cancelTask.mutate({ params: { path: { id: task.id } } }, { onError })
      }}
    >
      <CircleStopIcon />
      Cancel
    </Button>
  )
}

/** The same task goes on where it broke; its finished steps are kept. */
function Retry({ task }: { task: Task }) {
  const retryTask = useRetryTask()
  return (
    <Button
      aria-disabled={retryTask.isPending}
      onClick={() => {
        retryTask.mutate({ params: { path: { id: task.id } } }, { onError })
      }}
    >
      <RotateCcwIcon />
      Retry
    </Button>
  )
}

/** A new task of the same agent on the same input. */
function RunAgain({ task }: { task: Task }) {
  const navigate = useNavigate()
  const runTask = useRunTask()

  const run = () => {
    const { agent, input_text, follows } = task
    runTask.mutate(
      { body: { agent, input_text, ...(follows ? { follows } : {}) } },
      {
        onSuccess: ({ id }) => {
          const params = { taskId: String(id) }
          void navigate({ to: '/tasks/$taskId', params })
        },
        onError,
      },
    )
  }

  return (
    <Button variant="outline" aria-disabled={runTask.isPending} onClick={run}>
      <CopyPlusIcon />
      Run again
    </Button>
  )
}
