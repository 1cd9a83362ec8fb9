import { useQueryClient } from '@tanstack/react-query'

import { api, fetchClient } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'
import { pagesOptions } from '@/lib/api/pages'

export type HttpTool = Schemas['HttpTool']
export type McpServer = Schemas['McpServerRow']
export type ToolChange = Schemas['ToolChange']

const httpTools = api.queryOptions('get', '/api/http-tools/')
const mcpServers = api.queryOptions('get', '/api/mcp-servers/')
const catalogue = api.queryOptions('get', '/api/tools/')

export const builtInToolsQuery = () =>
  api.queryOptions('get', '/api/tools/', {
    params: { query: { kind: 'builtin', limit: 100 } },
  })

export const httpToolsQuery = () =>
  pagesOptions<HttpTool>(httpTools.queryKey, (cursor, signal) =>
    fetchClient.GET('/api/http-tools/', {
      params: { query: cursor ? { cursor } : {} },
      signal,
    }),
  )

export const mcpServersQuery = () =>
  pagesOptions<McpServer>(mcpServers.queryKey, (cursor, signal) =>
    fetchClient.GET('/api/mcp-servers/', {
      params: { query: cursor ? { cursor } : {} },
      signal,
    }),
  )

export const httpToolChangesQuery = (id: number) =>
  api.queryOptions('get', '/api/http-tools/{id}/changes/', {
    params: { path: { id } },
  })

export const toolChangesQuery = (id: number) =>
  api.queryOptions('get', '/api/mcp-servers/{id}/changes/', {
    params: { path: { id } },
  })

/** The catalogue of tools depends on what is defined. */
function useToolsRefresh() {
  const queryClient = useQueryClient()
  return () =>
    Promise.all([
      queryClient.invalidateQueries(httpTools),
      queryClient.invalidateQueries(mcpServers),
      queryClient.invalidateQueries(catalogue),
    ])
}

export function useCreateHttpTool() {
  const onSuccess = useToolsRefresh()
  return api.useMutation('post', '/api/http-tools/', { onSuccess })
}

export function useUpdateHttpTool() {
  const onSuccess = useToolsRefresh()
  return api.useMutation('patch', '/api/http-tools/{id}/', { onSuccess })
}

export function useDeleteHttpTool() {
  const onSuccess = useToolsRefresh()
  return api.useMutation('delete', '/api/http-tools/{id}/', { onSuccess })
}

export const useTestHttpTool = () =>
  api.useMutation('post', '/api/http-tools/{id}/test/')

export function useCreateMcpServer() {
  const onSuccess = useToolsRefresh()
  return api.useMutation('post', '/api/mcp-servers/', { onSuccess })
}

export function useUpdateMcpServer() {
  const onSuccess = useToolsRefresh()
  return api.useMutation('patch', '/api/mcp-servers/{id}/', { onSuccess })
}

export function useDeleteMcpServer() {
  const onSuccess = useToolsRefresh()
  return api.useMutation('delete', '/api/mcp-servers/{id}/', { onSuccess })
}

/** After the tools of a server may have changed, also what has changed. */
function useServerRefresh() {
  const queryClient = useQueryClient()
  const refresh = useToolsRefresh()
  return ({ params }: { params: { path: { id: number } } }) =>
    Promise.all([
      queryClient.invalidateQueries(toolChangesQuery(params.path.id)),
      refresh(),
    ])
}

/** Also after a refusal: then the tools have changed since they were shown. */
function useDecision(verb: 'accept' | 'dismiss') {
  const refresh = useServerRefresh()
  return api.useMutation('post', `/api/mcp-servers/{id}/${verb}/`, {
    onSettled: (_data, _error, variables) => refresh(variables),
  })
}

export const useAcceptChanges = () => useDecision('accept')
export const useDismissChanges = () => useDecision('dismiss')

export function useRefreshMcpServer() {
  const refresh = useServerRefresh()
  return api.useMutation('post', '/api/mcp-servers/{id}/refresh/', {
    onSuccess: (_, variables) => refresh(variables),
  })
}
