import { useQueryClient } from '@tanstack/react-query'

import { api, fetchClient } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'
import { pagesOptions } from '@/lib/api/pages'

export type HttpTool = Schemas['HttpTool']
export type McpServer = Schemas['McpServerRow']

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

export function useRefreshMcpServer() {
  const onSuccess = useToolsRefresh()
  return api.useMutation('post', '/api/mcp-servers/{id}/refresh/', {
    onSuccess,
  })
}
