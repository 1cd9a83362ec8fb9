import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { toast } from 'sonner'

import { isLive } from '@/components/status'
import { plainText } from '@/lib/plain-text'

import { taskQuery } from '../queries'
import type { Task } from '../queries'
import { forgetStarted, startedTasks } from './started-tasks'

const EXCERPT = 120

const excerpt = (text: string) =>
  text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text

/** Announces the end of tasks that were started in this tab, unless they are on screen. */
export function useEndToasts() {
  const queryClient = useQueryClient()
  const router = useRouter()

  const isOnScreen = (id: number) => {
    const { pathname, search } = router.state.location
    return (
      pathname === `/tasks/${id}` || ('task' in search && search.task === id)
    )
  }

  const announce = (task: Task) => {
    const action = {
      label: 'Open',
      onClick: () => {
        const params = { taskId: String(task.id) }
        void router.navigate({ to: '/tasks/$taskId', params })
      },
    }
    if (task.status === 'completed') {
      const description = excerpt(plainText(task.output_text))
      toast.success(`${task.agent_name} completed task ${task.id}`, {
        description,
        action,
      })
    }
    if (task.status === 'failed') {
      const description = excerpt(task.error_detail)
      toast.error(`${task.agent_name} failed in task ${task.id}`, {
        description,
        action,
      })
    }
  }

  const check = async (id: number) => {
    const task = await queryClient.query({ ...taskQuery(id), staleTime: 0 })
    if (isLive(task.status) || !startedTasks().includes(id)) return
    forgetStarted(id)
    if (!isOnScreen(id)) announce(task)
  }

  /** Check the started tasks among `ids`, or all of them where it is unknown which changed. */
  return (ids?: number[]) => {
    const started = startedTasks()
    for (const id of ids
      ? started.filter((each) => ids.includes(each))
      : started) {
      // A deleted task, or a server that does not respond: there is nothing to announce.
      check(id).catch(() => undefined)
    }
  }
}
