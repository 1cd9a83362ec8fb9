import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { toast } from 'sonner'

import { useSignOut } from '@/features/session/queries'
import { asProblem } from '@/lib/api/problem'

/** Sign out, and forget what was seen. */
export function useLeave() {
  const queryClient = useQueryClient()
  const router = useRouter()
  const signOut = useSignOut()

  return async () => {
    try {
      await signOut.mutateAsync({})
      await router.navigate({ to: '/sign-in' })
      queryClient.clear()
    } catch (error) {
      toast.error(asProblem(error).detail)
    }
  }
}
