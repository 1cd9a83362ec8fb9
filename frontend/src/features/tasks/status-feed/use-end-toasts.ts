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

/** Tells how tasks ended that were started here, unless they are in sight. */
export function useEndToasts() {
  const queryClient = useQueryClient()
  const router = useRouter()

  const isInSight = (id: number) => {
    const { pathname, search } = router.state.location
    return (
      pathname === `/tasks/${id}` || ('task' in search && search.task === id)
    )
  }

  const tell = (task: Task) => {
    const action = {
      label: 'Open',
      onClick: () => {
        const params = { taskId: String(task.id) }
        void router.navigate({ to: '/tasks/$taskId', params })
      },
    }
    if (task.status === 'completed') {
      const description = excerpt(plainText(task.output_text))
      toast.success(`${task.agent_name} is done`, { description, action })
    }
    if (task.status === 'failed') {
      const description = excerpt(task.error_detail)
      toast.error(`${task.agent_name} failed`, { description, action })
    }
  }

  const look = async (id: number) => {
    const task = await queryClient.query({ ...taskQuery(id), staleTime: 0 })
    if (isLive(task.status) || !startedTasks().includes(id)) return
    forgetStarted(id)
    if (!isInSight(id)) tell(task)
  }

  /** Look at those among `ids`; at all of them where it is not known which changed. */
  return (ids?: number[]) => {
    const started = startedTasks()
    for (const id of ids
      ? started.filter((each) => ids.includes(each))
      : started) {
      // One that is gone, or a server that is away: there is nothing to tell.
      look(id).catch(() => undefined)
    }
  }
}
