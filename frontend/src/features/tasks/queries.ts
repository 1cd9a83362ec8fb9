import { keepPreviousData, useQueryClient } from '@tanstack/react-query'

import type { Status } from '@/components/status'
import { api, fetchClient } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'
import { pagesOptions } from '@/lib/api/pages'

import { spanOf } from './inbox/period'
import type { Span } from './inbox/period'
import { noteStarted } from './status-feed/started-tasks'

export type Task = Schemas['TaskDetail']
export type TaskRow = Schemas['TaskRow']
export type Step = Schemas['Step']

/** In what order the inbox can stand. */
export const ORDERINGS = [
  '-created_at',
  'created_at',
  'status',
  'agent__name',
] as const
export type Ordering = (typeof ORDERINGS)[number]

/** What the inbox shows. It lives in the URL. */
export type TaskFilters = Span & {
  status?: Status[] | undefined
  agent?: number | undefined
  search?: string | undefined
  ordering?: Ordering | undefined
}

/** Whether anything is left out, whatever the order. */
export const isNarrowed = (filters: TaskFilters) =>
  Object.values({ ...filters, ordering: undefined }).some(Boolean)

export const taskQuery = (id: number) =>
  api.queryOptions('get', '/api/tasks/{id}/', { params: { path: { id } } })

/** As many rows as are loaded at once. */
const PAGE = 50

/** What the API is asked for, less what depends on the time of asking. */
function narrowed({ status, agent, search }: TaskFilters) {
  return {
    ...(status?.length ? { status } : {}),
    ...(agent ? { agent } : {}),
    ...(search ? { search } : {}),
  }
}

export function tasksQuery(filters: TaskFilters = {}) {
  const { ordering, period, from, to } = filters
  const query = {
    limit: PAGE,
    ...narrowed(filters),
    ...(ordering ? { ordering } : {}),
  }
  const { queryKey } = api.queryOptions('get', '/api/tasks/', {
    params: { query },
  })
  const key = [...queryKey, { period, from, to }]
  return pagesOptions<TaskRow>(key, (cursor, signal) =>
    fetchClient.GET('/api/tasks/', {
      params: {
        query: {
          ...query,
          ...spanOf(filters),
          ...(cursor ? { cursor } : {}),
        },
      },
      signal,
    }),
  )
}

/** The steps of a task, each time as many as one answer holds. */
export function stepsQuery(id: number) {
  const path = { id }
  const query = { limit: 100 }
  const { queryKey } = api.queryOptions('get', '/api/tasks/{id}/steps/', {
    params: { path, query },
  })
  return pagesOptions<Step>(queryKey, (cursor, signal) =>
    fetchClient.GET('/api/tasks/{id}/steps/', {
      params: { path, query: { ...query, ...(cursor ? { cursor } : {}) } },
      signal,
    }),
  )
}

/** The conversation that a task belongs to, itself included. */
export const threadQuery = (id: number) =>
  api.queryOptions('get', '/api/tasks/{id}/thread/', {
    params: { path: { id } },
  })

/** What a task has called, newest first. */
export const childrenQuery = (parent: number) =>
  api.queryOptions('get', '/api/tasks/', {
    params: { query: { parent, limit: 50 } },
  })

export const recentTasksQuery = (agent: number) =>
  api.queryOptions('get', '/api/tasks/', {
    params: { query: { agent, limit: 10 } },
  })

/** The few newest tasks that fit a text, for the palette. */
export const taskMatchesQuery = (search: string) =>
  api.queryOptions(
    'get',
    '/api/tasks/',
    { params: { query: { limit: 6, ...(search ? { search } : {}) } } },
    { placeholderData: keepPreviousData },
  )

/** Whether there has ever been one. */
export const anyTaskQuery = () =>
  api.queryOptions('get', '/api/tasks/', { params: { query: { limit: 1 } } })

/** What runs or is about to, the newest first. */
export const liveTasksQuery = () =>
  api.queryOptions('get', '/api/tasks/', {
    params: { query: { status: ['running', 'pending'], limit: 6 } },
  })

export const failedTasksQuery = () =>
  api.queryOptions('get', '/api/tasks/', {
    params: { query: { status: ['failed'], limit: 5 } },
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

/** Everything that counts or lists tasks, or what they wait for. */
export function useTaskListsRefresh() {
  const queryClient = useQueryClient()
  return () =>
    Promise.all([
      queryClient.invalidateQueries(api.queryOptions('get', '/api/tasks/')),
      queryClient.invalidateQueries(api.queryOptions('get', '/api/agents/')),
      queryClient.invalidateQueries(api.queryOptions('get', '/api/approvals/')),
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

/** The same for a task that begins: its end will be told. Its reader does not wait for the lists. */
function useTaskStart() {
  const update = useTaskUpdate()
  return (task: Schemas['Task']) => {
    noteStarted(task.id)
    void update(task)
  }
}

export function useRunTask() {
  const onSuccess = useTaskStart()
  return api.useMutation('post', '/api/tasks/run/', { onSuccess })
}

export function useCancelTask() {
  const onSuccess = useTaskUpdate()
  return api.useMutation('post', '/api/tasks/{id}/cancel/', { onSuccess })
}

export function useRetryTask() {
  const onSuccess = useTaskStart()
  return api.useMutation('post', '/api/tasks/{id}/retry/', { onSuccess })
}

type BulkVerb = 'cancel' | 'retry'

/** The tasks that a bulk action is for: some by their ids, or all that filters find. */
type Selection = number[] | TaskFilters

/** What each can be done to; the others are passed over. */
const FITTING: Record<BulkVerb, Status[]> = {
  cancel: ['pending', 'running', 'waiting'],
  retry: ['failed', 'cancelled'],
}

function many(verb: BulkVerb, selection: Selection) {
  if (Array.isArray(selection)) return { body: { ids: selection } }
  const { search, ...rest } = narrowed(selection)
  return {
    params: { query: search ? { search } : {} },
    body: { status: FITTING[verb], ...rest, ...spanOf(selection) },
  }
}

/** Do it to all of them; the answer says to how many it was done. */
export function useBulkAction(verb: BulkVerb) {
  const onSuccess = useTaskListsRefresh()
  const action = api.useMutation('post', `/api/tasks/${verb}/`, { onSuccess })
  return {
    isPending: action.isPending,
    run: (selection: Selection) => action.mutateAsync(many(verb, selection)),
  }
}
