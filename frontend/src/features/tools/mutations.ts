import { useQueryClient } from '@tanstack/react-query'

import { api } from '@/lib/api/client'

import { toolChangesQuery } from './queries'

/** The catalogue of tools depends on what is defined. */
function useToolsRefresh() {
  const queryClient = useQueryClient()
  return () =>
    Promise.all([
      queryClient.invalidateQueries(
        api.queryOptions('get', '/api/http-tools/'),
      ),
      queryClient.invalidateQueries(
        api.queryOptions('get', '/api/mcp-servers/'),
      ),
      queryClient.invalidateQueries(api.queryOptions('get', '/api/tools/')),
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

/** Also after a failure: the server keeps the reason. */
export function useRefreshMcpServer() {
  const refresh = useServerRefresh()
  return api.useMutation('post', '/api/mcp-servers/{id}/refresh/', {
    onSettled: (_data, _error, variables) => refresh(variables),
  })
}
