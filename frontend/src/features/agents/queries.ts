import { keepPreviousData, useQueryClient } from '@tanstack/react-query'
import type { InfiniteData, QueryClient } from '@tanstack/react-query'

import type { StatusChanges } from '@/components/status'
import { api, fetchClient } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'
import { pagesOptions } from '@/lib/api/pages'

export type Agent = Schemas['Agent']
export type AgentVersion = Schemas['AgentVersion']
export type AgentRequest = Schemas['AgentRequest']

/** What the list of agents shows. It is kept in the URL. */
export type AgentFilters = {
  search?: string | undefined
  ordering?: string | undefined
}

export function agentsQuery({ search, ordering }: AgentFilters = {}) {
  const query = {
    ...(search ? { search } : {}),
    ...(ordering ? { ordering } : {}),
  }
  const { queryKey } = api.queryOptions('get', '/api/agents/', {
    params: { query },
  })
  return pagesOptions<Agent>(queryKey, (cursor, signal) =>
    fetchClient.GET('/api/agents/', {
      params: { query: { ...query, ...(cursor ? { cursor } : {}) } },
      signal,
    }),
  )
}

export const agentQuery = (id: number) =>
  api.queryOptions('get', '/api/agents/{id}/', { params: { path: { id } } })

export function agentVersionsQuery(id: number) {
  const path = { id }
  const { queryKey } = api.queryOptions('get', '/api/agents/{id}/versions/', {
    params: { path },
  })
  return pagesOptions<AgentVersion>(queryKey, (cursor, signal) =>
    fetchClient.GET('/api/agents/{id}/versions/', {
      params: { path, query: cursor ? { cursor } : {} },
      signal,
    }),
  )
}

export const modelsQuery = () =>
  api.queryOptions('get', '/api/models/', undefined, { staleTime: 60_000 })

export const providersQuery = () =>
  api.queryOptions('get', '/api/providers/', undefined, { staleTime: 60_000 })

/** The agents whose name matches a text, for a filter. */
export const agentChoicesQuery = (search: string) =>
  api.queryOptions('get', '/api/agents/', {
    params: {
      query: { ordering: 'name', limit: 50, ...(search ? { search } : {}) },
    },
  })

/** The few agents that match a text best, for the command palette. */
export const agentMatchesQuery = (search: string) =>
  api.queryOptions(
    'get',
    '/api/agents/',
    { params: { query: { limit: 5, ...(search ? { search } : {}) } } },
    { placeholderData: keepPreviousData },
  )

type Pages = InfiniteData<Schemas['PaginatedAgentList']>

function withStatuses(row: Agent, changes: StatusChanges) {
  if (changes === 'all') return row
  const recent_tasks = row.recent_tasks.map((task) => ({
    ...task,
    status: changes.get(task.id) ?? task.status,
  }))
  return { ...row, recent_tasks }
}

function knowsAll(pages: Pages | undefined, changes: StatusChanges) {
  if (changes === 'all' || !pages) return false
  const rows = pages.pages.flatMap(({ results }) => results)
  const known = new Set(
    rows.flatMap(({ recent_tasks }) => recent_tasks.map(({ id }) => id)),
  )
  return [...changes.keys()].every((id) => known.has(id))
}

/**
 * After status changes: show them in the rows that have these tasks. A list that lacks one
 * of them is reloaded, as the task may be new; lists of names do not depend on tasks.
 */
export function refreshAgentActivity(
  queryClient: QueryClient,
  changes: StatusChanges,
) {
  const { queryKey } = api.queryOptions('get', '/api/agents/')
  const isRows = ({ queryKey: key }: { queryKey: readonly unknown[] }) =>
    key.at(-1) === 'pages'
  const known = queryClient.getQueriesData<Pages>({
    queryKey,
    predicate: isRows,
  })
  const stale = new Set(
    known
      .filter(([, pages]) => !knowsAll(pages, changes))
      .map(([key]) => JSON.stringify(key)),
  )
  queryClient.setQueriesData<Pages>(
    { queryKey, predicate: isRows },
    (data) =>
      data && {
        ...data,
        pages: data.pages.map((page) => ({
          ...page,
          results: page.results.map((row) => withStatuses(row, changes)),
        })),
      },
  )
  return queryClient.invalidateQueries({
    queryKey,
    predicate: (query) =>
      isRows(query) && stale.has(JSON.stringify(query.queryKey)),
  })
}

function useAgentsRefresh() {
  const queryClient = useQueryClient()
  return () =>
    queryClient.invalidateQueries(api.queryOptions('get', '/api/agents/'))
}

export function useCreateAgent() {
  const refresh = useAgentsRefresh()
  return api.useMutation('post', '/api/agents/', { onSuccess: refresh })
}

/** After a change to an agent: store it, and refresh its versions and the lists that show it. */
function useAgentUpdate() {
  const queryClient = useQueryClient()
  const refresh = useAgentsRefresh()

  return (agent: Agent) => {
    queryClient.setQueryData(agentQuery(agent.id).queryKey, agent)
    void queryClient.invalidateQueries(agentVersionsQuery(agent.id))
    return refresh()
  }
}

export function useUpdateAgent() {
  const onSuccess = useAgentUpdate()
  return api.useMutation('patch', '/api/agents/{id}/', { onSuccess })
}

export function useRollBackAgent() {
  const onSuccess = useAgentUpdate()
  return api.useMutation('post', '/api/agents/{id}/rollback/', { onSuccess })
}

export function useDeleteAgent() {
  const queryClient = useQueryClient()
  const refresh = useAgentsRefresh()

  return api.useMutation('delete', '/api/agents/{id}/', {
    onSuccess: (_, { params }) => {
      void queryClient.invalidateQueries(agentQuery(params.path.id))
      return refresh()
    },
  })
}

export function useRestoreAgent() {
  const onSuccess = useAgentUpdate()
  return api.useMutation('post', '/api/agents/{id}/restore/', { onSuccess })
}
