import { keepPreviousData, useQueryClient } from '@tanstack/react-query'

import type { Status } from '@/components/status'
import { api, fetchClient } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'
import { pagesOptions } from '@/lib/api/pages'

import { dateParams } from './inbox/period'
import type { DateRange } from './inbox/period'
import { rememberStarted } from './status-feed/started-tasks'

export type Task = Schemas['TaskDetail']
export type TaskRow = Schemas['TaskRow']
export type Step = Schemas['Step']
/** One page of tasks, as short lists show it. */
export type TaskPageQuery = ReturnType<typeof liveTasksQuery>

/** The orders that the inbox can be in. */
export const ORDERINGS = [
  '-created_at',
  'created_at',
  'status',
  'agent__name',
] as const
export type Ordering = (typeof ORDERINGS)[number]

/** How the model ended its answer. */
export const FINISH_REASONS = [
  'stop',
  'length',
  'content_filter',
  'refusal',
  'other',
] as const satisfies NonNullable<TaskRow['finish_reason']>[]
export type FinishReason = (typeof FINISH_REASONS)[number]

/** What the inbox shows. It is kept in the URL. */
export type TaskFilters = DateRange & {
  status?: Status[] | undefined
  agent?: number | undefined
  finish_reason?: FinishReason | undefined
  search?: string | undefined
  ordering?: Ordering | undefined
}

/** Whether any filter is set; the order is not a filter. */
export const hasFilters = (filters: TaskFilters) =>
  Object.values({ ...filters, ordering: undefined }).some(Boolean)

export const taskQuery = (id: number) =>
  api.queryOptions('get', '/api/tasks/{id}/', { params: { path: { id } } })

/** How many rows are loaded per request. */
const PAGE = 50

/** Whether a task was completed although its model had more to say. */
export const isCutOff = ({
  status,
  finish_reason,
}: Pick<TaskRow, 'status' | 'finish_reason'>) =>
  status === 'completed' && finish_reason === 'length'

/** The filters as the API takes them, without those that depend on the current time. */
function filterParams({ status, agent, search, finish_reason }: TaskFilters) {
  return {
    ...(finish_reason ? { finish_reason } : {}),
    ...(status?.length ? { status } : {}),
    ...(agent ? { agent } : {}),
    ...(search ? { search } : {}),
  }
}

export function tasksQuery(filters: TaskFilters = {}) {
  const { ordering, period, from, to } = filters
  const query = {
    limit: PAGE,
    ...filterParams(filters),
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
          ...dateParams(filters),
          ...(cursor ? { cursor } : {}),
        },
      },
      signal,
    }),
  )
}

/** The steps of a task, in the largest pages that the API has. */
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

/** The conversation that a task is part of, itself included. */
export const conversationQuery = (id: number) =>
  api.queryOptions('get', '/api/tasks/{id}/conversation/', {
    params: { path: { id } },
  })

/** The tasks that a task has called as tools, newest first. */
export const childrenQuery = (parent: number) =>
  api.queryOptions('get', '/api/tasks/', {
    params: { query: { parent, limit: 50 } },
  })

export const recentTasksQuery = (agent: number) =>
  api.queryOptions('get', '/api/tasks/', {
    params: { query: { agent, limit: 10 } },
  })

/** The few newest tasks that match a text, for the command palette. */
export const taskMatchesQuery = (search: string) =>
  api.queryOptions(
    'get',
    '/api/tasks/',
    { params: { query: { limit: 6, ...(search ? { search } : {}) } } },
    { placeholderData: keepPreviousData },
  )

/** Whether the user has ever run a task. */
export const anyTaskQuery = () =>
  api.queryOptions('get', '/api/tasks/', { params: { query: { limit: 1 } } })

/** The tasks that run or are in the queue, newest first. */
export const liveTasksQuery = () =>
  api.queryOptions('get', '/api/tasks/', {
    params: { query: { status: ['running', 'pending'], limit: 6 } },
  })

export const failedTasksQuery = () =>
  api.queryOptions('get', '/api/tasks/', {
    params: { query: { status: ['failed'], limit: 5 } },
  })

/** All lists and counts of tasks. */
function useTaskListsRefresh() {
  const queryClient = useQueryClient()
  return () =>
    queryClient.invalidateQueries(api.queryOptions('get', '/api/tasks/'))
}

/** After an action on a task: store its new state, and refresh the lists that show it. */
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

/** The same for a task that starts, whose end will be announced. The caller does not wait for the lists. */
function useTaskStart() {
  const update = useTaskUpdate()
  return (task: Schemas['Task']) => {
    rememberStarted(task.id)
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

/** The tasks of a bulk action: some by their ids, or all that match filters. */
type Selection = number[] | TaskFilters

/** The statuses that each action applies to; other tasks are skipped. */
const APPLICABLE: Record<BulkVerb, Status[]> = {
  cancel: ['pending', 'running', 'waiting'],
  retry: ['failed', 'cancelled'],
}

function bulkRequest(verb: BulkVerb, selection: Selection) {
  if (Array.isArray(selection)) return { body: { ids: selection } }
  const { search, ...rest } = filterParams(selection)
  return {
    params: { query: search ? { search } : {} },
    body: { status: APPLICABLE[verb], ...rest, ...dateParams(selection) },
  }
}

/** Apply an action to many tasks. The response counts those that it changed. */
export function useBulkAction(verb: BulkVerb) {
  const onSuccess = useTaskListsRefresh()
  const action = api.useMutation('post', `/api/tasks/${verb}/`, { onSuccess })
  return {
    isPending: action.isPending,
    run: (selection: Selection) =>
      action.mutateAsync(bulkRequest(verb, selection)),
  }
}
