import { useQueryClient } from '@tanstack/react-query'
import type { InfiniteData } from '@tanstack/react-query'

import { isLive } from '@/components/status'
import type { Status } from '@/components/status'
import { api, fetchClient } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'
import { pagesOptions } from '@/lib/api/pages'

export type Task = Schemas['Task']
export type TaskRow = Schemas['TaskRow']

/** What the inbox shows. It lives in the URL. */
export type TaskFilters = {
  status?: Status[] | undefined
  agent?: number | undefined
  search?: string | undefined
}

const POLL_MILLISECONDS = 3000

export const taskQuery = (id: number) =>
  api.queryOptions('get', '/api/tasks/{id}/', { params: { path: { id } } })

export function tasksQuery({ status, agent, search }: TaskFilters = {}) {
  const query = {
    ...(status?.length ? { status } : {}),
    ...(agent ? { agent } : {}),
    ...(search ? { search } : {}),
  }
  const { queryKey } = api.queryOptions('get', '/api/tasks/', {
    params: { query },
  })
  return pagesOptions<TaskRow>(queryKey, (cursor, signal) =>
    fetchClient.GET('/api/tasks/', {
      params: { query: { ...query, ...(cursor ? { cursor } : {}) } },
      signal,
    }),
  )
}

type TaskPages = InfiniteData<{ results: TaskRow[] }>

/** Look again while a row that is shown still moves. */
export const pollWhileLive = (data: TaskPages | undefined) =>
  data?.pages.some((page) => page.results.some((row) => isLive(row.status)))
    ? POLL_MILLISECONDS
    : false

export const recentTasksQuery = (agent: number) =>
  api.queryOptions('get', '/api/tasks/', {
    params: { query: { agent, limit: 10 } },
  })

/** The agents whose name holds a text: what a task list can be narrowed to. */
export const agentChoicesQuery = (search: string) =>
  api.queryOptions('get', '/api/agents/', {
    params: {
      query: { ordering: 'name', limit: 50, ...(search ? { search } : {}) },
    },
  })

export const agentChoiceQuery = (id: number) =>
  api.queryOptions('get', '/api/agents/{id}/', { params: { path: { id } } })

/** Everything that counts or lists tasks. */
export function useTaskListsRefresh() {
  const queryClient = useQueryClient()
  return () =>
    Promise.all([
      queryClient.invalidateQueries(api.queryOptions('get', '/api/tasks/')),
      queryClient.invalidateQueries(api.queryOptions('get', '/api/agents/')),
    ])
}

export function useRunTask() {
  const queryClient = useQueryClient()
  const refreshLists = useTaskListsRefresh()

  return api.useMutation('post', '/api/tasks/run/', {
    onSuccess: (task) => {
      queryClient.setQueryData(taskQuery(task.id).queryKey, task)
      return refreshLists()
    },
  })
}
