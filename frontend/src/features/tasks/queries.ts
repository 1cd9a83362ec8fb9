import { useQueryClient } from '@tanstack/react-query'

import type { Status } from '@/components/status'
import { api, fetchClient } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'
import { pagesOptions } from '@/lib/api/pages'

export type Task = Schemas['TaskDetail']
export type TaskRow = Schemas['TaskRow']

/** What the inbox shows. It lives in the URL. */
export type TaskFilters = {
  status?: Status[] | undefined
  agent?: number | undefined
  search?: string | undefined
}

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

/** After an action on a task: what it became, and all lists that show it. */
function useTaskUpdate() {
  const queryClient = useQueryClient()
  const refreshLists = useTaskListsRefresh()

  return (task: Schemas['Task']) => {
    queryClient.setQueryData<Task>(taskQuery(task.id).queryKey, (known) => ({
      wait: null,
      ...known,
      ...task,
    }))
    void queryClient.invalidateQueries(taskQuery(task.id))
    return refreshLists()
  }
}

export function useRunTask() {
  const onSuccess = useTaskUpdate()
  return api.useMutation('post', '/api/tasks/run/', { onSuccess })
}

export function useCancelTask() {
  const onSuccess = useTaskUpdate()
  return api.useMutation('post', '/api/tasks/{id}/cancel/', { onSuccess })
}

export function useRetryTask() {
  const onSuccess = useTaskUpdate()
  return api.useMutation('post', '/api/tasks/{id}/retry/', { onSuccess })
}
