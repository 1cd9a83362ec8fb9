import { useQueryClient } from '@tanstack/react-query'

import { api } from '@/lib/api/client'

/** The signed-in user. A 401 means that there is none. */
export const meQuery = () =>
  api.queryOptions('get', '/api/auth/me/', undefined, {
    staleTime: 5 * 60_000,
    retry: false,
  })

/** What visitors may know before they sign in. */
export const sessionQuery = () => api.queryOptions('get', '/api/auth/session/')

export function useSignIn() {
  const queryClient = useQueryClient()

  return api.useMutation('post', '/api/auth/login/', {
    // Nothing of another user's session may remain.
    onMutate: () => {
      queryClient.clear()
    },
    onSuccess: (user) => {
      queryClient.setQueryData(meQuery().queryKey, user)
    },
  })
}

export function useRegister() {
  const queryClient = useQueryClient()

  return api.useMutation('post', '/api/auth/register/', {
    // The server may have been set up, or its registration closed, since the page was loaded.
    onError: () => queryClient.invalidateQueries(sessionQuery()),
  })
}

export const useEndSession = () => api.useMutation('post', '/api/auth/logout/')

export function useChangeEmail() {
  const queryClient = useQueryClient()

  return api.useMutation('patch', '/api/auth/me/', {
    onSuccess: (user) => {
      queryClient.setQueryData(meQuery().queryKey, user)
    },
  })
}

export const useChangePassword = () =>
  api.useMutation('post', '/api/auth/password/')
