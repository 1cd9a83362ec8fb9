import { useQueryClient } from '@tanstack/react-query'
import { toast } from 'sonner'

import { api } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'
import { asProblem } from '@/lib/api/problem'

export type Approval = Schemas['Approval']

/** The calls that wait for a word of mine, newest first: of one task, or of all. */
export const approvalsQuery = (task?: number) =>
  api.queryOptions('get', '/api/approvals/', {
    params: { query: { limit: 50, ...(task === undefined ? {} : { task }) } },
  })

/** After a word: what waits, and what the task does now. */
function useDecided(sentence: string) {
  const queryClient = useQueryClient()

  const refresh = () =>
    Promise.all(
      [
        api.queryOptions('get', '/api/approvals/'),
        api.queryOptions('get', '/api/tasks/'),
        api.queryOptions('get', '/api/tasks/{id}/', {
          params: { path: { id: 0 } },
        }),
      ].map(({ queryKey: [method, path] }) =>
        queryClient.invalidateQueries({ queryKey: [method, path] }),
      ),
    )

  return {
    onSuccess: () => {
      toast.success(sentence)
      return refresh()
    },
    onError: (error: unknown) => {
      toast.error(asProblem(error).detail)
      // Somebody else may have decided, or the task has ended.
      if (asProblem(error).status === 409) void refresh()
    },
  }
}

export function useApproveCall() {
  const decided = useDecided('Approved. The task goes on.')
  return api.useMutation('post', '/api/approvals/{id}/approve/', decided)
}

export function useRejectCall() {
  const decided = useDecided('Rejected. The agent is told.')
  return api.useMutation('post', '/api/approvals/{id}/reject/', decided)
}

export function useAnswerCall() {
  const decided = useDecided('Answered. The task goes on.')
  return api.useMutation('post', '/api/approvals/{id}/answer/', decided)
}

export function useResolveCall() {
  const decided = useDecided('Noted.')
  return api.useMutation('post', '/api/approvals/{id}/resolve/', decided)
}
