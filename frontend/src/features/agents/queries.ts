import { keepPreviousData, useQueryClient } from '@tanstack/react-query'

import { api, fetchClient } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'
import { pagesOptions } from '@/lib/api/pages'

export type Agent = Schemas['Agent']
export type AgentVersion = Schemas['AgentVersion']
export type AgentRequest = Schemas['AgentRequest']

/** What the list of agents shows. It lives in the URL. */
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

export const toolsQuery = () => api.queryOptions('get', '/api/tools/')

/** The agents that another one can be given as tools. */
export const agentNamesQuery = () =>
  api.queryOptions('get', '/api/agents/', {
    params: { query: { ordering: 'name', limit: 100 } },
  })

/** The few agents that fit a text best, for the palette. */
export const agentMatchesQuery = (search: string) =>
  api.queryOptions(
    'get',
    '/api/agents/',
    { params: { query: { limit: 5, ...(search ? { search } : {}) } } },
    { placeholderData: keepPreviousData },
  )

function useAgentsRefresh() {
  const queryClient = useQueryClient()
  return () =>
    queryClient.invalidateQueries(api.queryOptions('get', '/api/agents/'))
}

export function useCreateAgent() {
  const refresh = useAgentsRefresh()
  return api.useMutation('post', '/api/agents/', { onSuccess: refresh })
}

/** After a change of an agent: what it became, its versions, and all lists that show it. */
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
