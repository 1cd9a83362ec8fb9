import { useQueryClient } from '@tanstack/react-query'

import { api } from '@/lib/api/client'

/** Who is signed in. A 401 means nobody. */
export const meQuery = () =>
  api.queryOptions('get', '/api/auth/me/', undefined, {
    staleTime: 5 * 60_000,
    retry: false,
  })

/** What the server tells before anyone has signed in. */
export const sessionQuery = () => api.queryOptions('get', '/api/auth/session/')

export function useSignIn() {
  const queryClient = useQueryClient()

  return api.useMutation('post', '/api/auth/login/', {
    // Nothing that another person saw may stay.
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
    // Somebody else may have made the first account, or an operator closed the door.
    onError: () => queryClient.invalidateQueries(sessionQuery()),
  })
}

export const useSignOut = () => api.useMutation('post', '/api/auth/logout/')

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
