import { useQueryClient } from '@tanstack/react-query'

import { api, fetchClient } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'
import { pagesOptions } from '@/lib/api/pages'

export type Agent = Schemas['Agent']
export type AgentRow = Schemas['AgentRow']
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
  return pagesOptions<AgentRow>(queryKey, (cursor, signal) =>
    fetchClient.GET('/api/agents/', {
      params: { query: { ...query, ...(cursor ? { cursor } : {}) } },
      signal,
    }),
  )
}

export const agentQuery = (id: number) =>
  api.queryOptions('get', '/api/agents/{id}/', { params: { path: { id } } })

export const modelsQuery = () =>
  api.queryOptions('get', '/api/models/', undefined, { staleTime: 60_000 })

export const providersQuery = () =>
  api.queryOptions('get', '/api/providers/', undefined, { staleTime: 60_000 })

function useAgentsRefresh() {
  const queryClient = useQueryClient()
  return () =>
    queryClient.invalidateQueries(api.queryOptions('get', '/api/agents/'))
}

export function useCreateAgent() {
  const refresh = useAgentsRefresh()
  return api.useMutation('post', '/api/agents/', { onSuccess: refresh })
}

export function useUpdateAgent() {
  const queryClient = useQueryClient()
  const refresh = useAgentsRefresh()

  return api.useMutation('patch', '/api/agents/{id}/', {
    onSuccess: (agent) => {
      queryClient.setQueryData(agentQuery(agent.id).queryKey, agent)
      return refresh()
    },
  })
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
  const queryClient = useQueryClient()
  const refresh = useAgentsRefresh()

  return api.useMutation('post', '/api/agents/{id}/restore/', {
    onSuccess: (agent) => {
      queryClient.setQueryData(agentQuery(agent.id).queryKey, agent)
      return refresh()
    },
  })
}
