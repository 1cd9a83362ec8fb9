import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CoffeeIcon } from 'lucide-react'

import { Quiet } from '@/components/card-list'
import { ErrorNotice } from '@/components/notice'
import { Section } from '@/components/section'
import { Button } from '@/components/ui/button'
import { Skeleton } from '@/components/ui/skeleton'

import { ApprovalCard } from './approval-card'
import { approvalsQuery } from './queries'

const SHOWN = 3

/** The newest that wait for a word of mine, to be decided on the spot. */
export function WaitingApprovals() {
  const { data } = useQuery(approvalsQuery())
  const count = data?.count ?? 0
  return (
    <Section
      title="Waits for you"
      aside={
        count > SHOWN && (
          <Button variant="link" asChild>
            <Link to="/approvals">All {count}</Link>
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
        <Quiet icon={CoffeeIcon}>Nothing waits for you.</Quiet>
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
