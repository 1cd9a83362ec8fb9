import { useQueryClient } from '@tanstack/react-query'
import type { QueryClient } from '@tanstack/react-query'
import { toast } from 'sonner'

import type { StatusChanges } from '@/components/status'
import { api } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'
import { asProblem } from '@/lib/api/problem'
import { toastProblem } from '@/lib/toast-problem'

export type ApprovalRow = Schemas['ApprovalRow']
export type Approval = Omit<
  ApprovalRow,
  'arguments_is_truncated' | 'answer_is_truncated'
>

/** The tool calls that need a decision, newest first: of one task, or of all. */
export const approvalsQuery = (task?: number) =>
  api.queryOptions('get', '/api/approvals/', {
    params: { query: { limit: 50, ...(task === undefined ? {} : { task }) } },
  })

/** One call, with all of its arguments. */
export const approvalQuery = (id: number) =>
  api.queryOptions('get', '/api/approvals/{id}/', { params: { path: { id } } })

type Page = Schemas['PaginatedApprovalRowList']

/** Whether a list is out of date once tasks have these statuses. */
function isAffected(page: Page | undefined, changes: StatusChanges) {
  if (changes === 'all' || !page) return true
  if (page.count > page.results.length) return true
  const isNewlyWaiting = [...changes.values()].includes('waiting')
  return isNewlyWaiting || page.results.some(({ task }) => changes.has(task))
}

/** After status changes: reload the lists that they can have changed. */
export function refreshApprovals(
  queryClient: QueryClient,
  changes: StatusChanges,
) {
  return queryClient.invalidateQueries({
    queryKey: api.queryOptions('get', '/api/approvals/').queryKey,
    predicate: ({ state }) =>
      isAffected(state.data as Page | undefined, changes),
  })
}

/** After a decision: what is left to decide. Its task reports its own change. */
function useDecided(message: string) {
  const queryClient = useQueryClient()
  const refresh = () => refreshApprovals(queryClient, 'all')

  return {
    onSuccess: () => {
      toast.success(message)
      return refresh()
    },
    onError: (error: unknown) => {
      toastProblem(error)
      // Another person may have decided, or the task may have ended.
      if (asProblem(error).status === 409) void refresh()
    },
  }
}

export function useApproveCall() {
  const decided = useDecided('Approved. The task continues.')
  return api.useMutation('post', '/api/approvals/{id}/approve/', decided)
}

export function useRejectCall() {
  const decided = useDecided('Rejected. The agent receives your reason.')
  return api.useMutation('post', '/api/approvals/{id}/reject/', decided)
}

export function useAnswerCall() {
  const decided = useDecided('Answered. The task continues.')
  return api.useMutation('post', '/api/approvals/{id}/answer/', decided)
}

export function useResolveCall() {
  const decided = useDecided('Outcome saved.')
  return api.useMutation('post', '/api/approvals/{id}/resolve/', decided)
}
