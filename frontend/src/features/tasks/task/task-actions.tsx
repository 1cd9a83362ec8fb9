import { Link, useNavigate } from '@tanstack/react-router'
import {
  CircleStopIcon,
  CopyPlusIcon,
  PencilIcon,
  RotateCcwIcon,
} from 'lucide-react'

import { BusyButton } from '@/components/busy-button'
import { isLive } from '@/components/status'
import { Button } from '@/components/ui/button'
import { toastProblem } from '@/lib/toast-problem'

import { useCancelTask, useRetryTask, useRunTask } from '../queries'
import type { Task } from '../queries'
import { failsAgain } from './retries'
import { TaskMenu } from './task-menu'

/** The actions that a task's status allows. */
export function TaskActions({ task }: { task: Task }) {
  const isRetryable = task.status === 'failed' || task.status === 'cancelled'
  return (
    <>
      {isRetryable && failsAgain(task) && <ChangeAgent task={task} />}
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
    <BusyButton
      variant="outline"
      size={size}
      isBusy={cancelTask.isPending}
      icon={<CircleStopIcon />}
      onClick={() => {
        cancelTask.mutate(
          { params: { path: { id: task.id } } },
          { onError: toastProblem },
        )
      }}
    >
      Cancel
    </BusyButton>
  )
}

function ChangeAgent({ task }: { task: Task }) {
  return (
    <Button asChild>
      <Link to="/agents/$agentId" params={{ agentId: String(task.agent) }}>
        <PencilIcon /> Change the agent
      </Link>
    </Button>
  )
}

/** Continues the same task after its last finished step. */
function Retry({ task }: { task: Task }) {
  const retryTask = useRetryTask()
  return (
    <BusyButton
      variant={failsAgain(task) ? 'outline' : 'primary'}
      isBusy={retryTask.isPending}
      icon={<RotateCcwIcon />}
      onClick={() => {
        retryTask.mutate(
          { params: { path: { id: task.id } } },
          { onError: toastProblem },
        )
      }}
    >
      Retry
    </BusyButton>
  )
}

/** Starts a new task with the same agent and input. */
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
        onError: toastProblem,
      },
    )
  }

  return (
    <BusyButton
      variant="outline"
      isBusy={runTask.isPending}
      icon={<CopyPlusIcon />}
      onClick={run}
    >
      Run again
    </BusyButton>
  )
}
