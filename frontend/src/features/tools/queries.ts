import { api, fetchClient } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'
import { pagesOptions } from '@/lib/api/pages'

export type HttpTool = Schemas['HttpTool']
export type McpServer = Schemas['McpServerRow']
export type ToolChange = Schemas['ToolChange']

const httpTools = api.queryOptions('get', '/api/http-tools/')
const mcpServers = api.queryOptions('get', '/api/mcp-servers/')

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

export const toolDecisionsQuery = (id: number) =>
  api.queryOptions('get', '/api/mcp-servers/{id}/decisions/', {
    params: { path: { id } },
  })

export const serverProtectionQuery = (id: number) =>
  api.queryOptions('get', '/api/mcp-servers/{id}/protection-changes/', {
    params: { path: { id } },
  })

export const toolChangesQuery = (id: number) =>
  api.queryOptions('get', '/api/mcp-servers/{id}/changes/', {
    params: { path: { id } },
  })
