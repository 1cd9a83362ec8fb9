import { useQueryClient } from '@tanstack/react-query'

import { api, fetchClient } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'
import { pagesOptions } from '@/lib/api/pages'

export type Token = Schemas['ApiToken']

export function tokensQuery() {
  const { queryKey } = api.queryOptions('get', '/api/tokens/')
  return pagesOptions<Token>(queryKey, (cursor, signal) =>
    fetchClient.GET('/api/tokens/', {
      params: { query: cursor ? { cursor } : {} },
      signal,
    }),
  )
}

function useTokensRefresh() {
  const queryClient = useQueryClient()
  return () =>
    queryClient.invalidateQueries(api.queryOptions('get', '/api/tokens/'))
}

export function useCreateToken() {
  const onSuccess = useTokensRefresh()
  return api.useMutation('post', '/api/tokens/', { onSuccess })
}

export function useRevokeToken() {
  const onSuccess = useTokensRefresh()
  return api.useMutation('delete', '/api/tokens/{id}/', { onSuccess })
}
