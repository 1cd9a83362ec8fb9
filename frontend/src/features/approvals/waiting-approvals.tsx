import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CoffeeIcon } from 'lucide-react'

import { EmptyNote } from '@/components/card-list'
import { ErrorNotice } from '@/components/notice'
import { Section } from '@/components/section'
import { Button } from '@/components/ui/button'
import { Skeleton } from '@/components/ui/skeleton'

import { ApprovalCard } from './approval-card'
import { approvalsQuery } from './queries'

const SHOWN = 3

/** The newest decisions that wait for the user. */
export function WaitingApprovals() {
  const { data } = useQuery(approvalsQuery())
  const count = data?.count ?? 0
  return (
    <Section
      title="Waiting for you"
      aside={
        count > SHOWN && (
          <Button variant="link" asChild>
            <Link to="/approvals">See all {count}</Link>
          </Button>
        )
      }
    >
      <ApprovalList limit={SHOWN} />
    </Section>
  )
}

export function ApprovalList({ limit }: { limit?: number }) {
  const { data, error, refetch } = useQuery(approvalsQuery())
  if (!data) {
    return error ? (
      <div className="rounded-2xl border bg-card">
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      </div>
    ) : (
      <div role="status" aria-label="Loading">
        <Skeleton className="h-17 rounded-2xl" />
      </div>
    )
  }
  if (data.results.length === 0) {
    return (
      <div className="rounded-2xl border bg-card">
        <EmptyNote icon={CoffeeIcon}>Nothing is waiting for you.</EmptyNote>
      </div>
    )
  }
  return (
    <div className="grid gap-4">
      {data.results.slice(0, limit).map((approval) => (
        <ApprovalCard key={approval.id} approval={approval} hasTask />
      ))}
    </div>
  )
}
