import { useQuery } from '@tanstack/react-query'

import { ErrorNotice } from '@/components/notice'
import { Skeleton } from '@/components/ui/skeleton'

import { ApprovalCard } from './approval-card'
import { approvalsQuery } from './queries'

/** The decisions that one task waits for, oldest first. */
export function TaskApprovals({ task }: { task: number }) {
  const { data, error, refetch } = useQuery(approvalsQuery(task))
  if (data) {
    return data.results
      .toReversed()
      .map((approval) => <ApprovalCard key={approval.id} approval={approval} />)
  }
  if (error) {
    return <ErrorNotice error={error} onRetry={() => void refetch()} />
  }
  return <Skeleton className="h-40 rounded-2xl" />
}
