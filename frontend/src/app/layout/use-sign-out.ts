import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'

import { useEndSession } from '@/features/session/queries'
import { toastProblem } from '@/lib/toast-problem'

/** Sign out, and clear everything that was loaded. */
export function useSignOut() {
  const queryClient = useQueryClient()
  const router = useRouter()
  const endSession = useEndSession()

  return async () => {
    try {
      await endSession.mutateAsync({})
      await router.navigate({ to: '/sign-in' })
      queryClient.clear()
    } catch (error) {
      toastProblem(error)
    }
  }
}
