import { keepPreviousData } from '@tanstack/react-query'

import { api, fetchClient } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'
import { pagesOptions } from '@/lib/api/pages'

export type CatalogueEntry = Schemas['CatalogueEntry']

/** The tools that match a text, page by page. */
export function toolsQuery(search: string) {
  const query = { limit: 50, ...(search ? { search } : {}) }
  const { queryKey } = api.queryOptions('get', '/api/tools/', {
    params: { query },
  })
  return pagesOptions<CatalogueEntry>(queryKey, (cursor, signal) =>
    fetchClient.GET('/api/tools/', {
      params: { query: { ...query, ...(cursor ? { cursor } : {}) } },
      signal,
    }),
  )
}

/** Tools by their ids; those that no longer exist are left out. */
export const toolsByIdQuery = (ids: string[]) =>
  api.queryOptions(
    'get',
    '/api/tools/',
    { params: { query: { id: ids, limit: 100 } } },
    { enabled: ids.length > 0, placeholderData: keepPreviousData },
  )

/** The tools of an MCP server, which name the server, or the first of them. */
export const toolsOfServerQuery = (server: number) =>
  api.queryOptions('get', '/api/tools/', {
    params: { query: { server, limit: 100 } },
  })

/** The few agents whose name matches a text, which another agent can have as tools. */
export const callableAgentsQuery = (search: string) =>
  api.queryOptions(
    'get',
    '/api/agents/',
    {
      params: {
        query: { ordering: 'name', limit: 10, ...(search ? { search } : {}) },
      },
    },
    { placeholderData: keepPreviousData },
  )

/** The MCP servers whose changed tools wait for acceptance. */
export const changedServersQuery = () =>
  api.queryOptions('get', '/api/mcp-servers/', {
    params: { query: { has_changes: true, limit: 100 } },
  })
