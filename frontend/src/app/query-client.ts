import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'

import { asProblem } from '@/lib/api/problem'
import { suspectServer } from '@/lib/server-presence'

/** Answers that another try cannot change. */
const isFinal = ({ status }: { status: number }) =>
  status >= 400 && status < 500 && status !== 429

/** The cache of what the server said. `onSignedOut` is called when a session is over. */
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
        // A server that is away is no reason to stop asking; the browser knows no better.
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  })
}
