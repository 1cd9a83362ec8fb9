import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'

import { asProblem } from '@/lib/api/problem'
import { suspectServer } from '@/lib/server-presence'

/** Whether another attempt cannot succeed. */
const isFinal = ({ status }: { status: number }) =>
  status >= 400 && status < 500 && status !== 429

/** The cache of server state. `onSignedOut` is called when the session has ended. */
export function createQueryClient(onSignedOut: () => void) {
  const onError = (error: unknown) => {
    const { status, code } = asProblem(error)
    if (code === 'unreachable') suspectServer()
    if (status === 401 && code !== 'invalid_credentials') onSignedOut()
  }

  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 2000,
        retry: (failures, error) => failures < 2 && !isFinal(asProblem(error)),
        // The server may be reachable although the browser says that it is offline.
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  })
}
