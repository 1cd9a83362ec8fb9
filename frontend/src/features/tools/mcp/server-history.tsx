import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { ErrorNotice } from '@/components/notice'
import { ProtectionChanges } from '@/components/protection-changes'
import { RelativeTime } from '@/components/times'
import { Skeleton } from '@/components/ui/skeleton'
import { UntrustedName } from '@/components/untrusted-text'
import type { Schemas } from '@/lib/api/client'
import { formatCount } from '@/lib/format'

import { serverProtectionQuery, toolDecisionsQuery } from '../queries'
import type { McpServer } from '../queries'

type Decision = Schemas['McpToolDecision']

const SHOWN_NAMES = 5

/** Who accepted or dismissed a server's tools, and when; loaded when it is opened. */
export function ServerHistory({ server }: { server: McpServer }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details
      className="mt-1 text-xs"
      onToggle={(event) => {
        setOpen(event.currentTarget.open)
      }}
    >
      <summary
        aria-label={`History of ${server.name}`}
        className="w-fit cursor-pointer rounded-sm text-muted-foreground hover:text-foreground"
      >
        History
      </summary>
      {isOpen && <History id={server.id} />}
    </details>
  )
}

function History({ id }: { id: number }) {
  const decisions = useQuery(toolDecisionsQuery(id))
  const protection = useQuery(serverProtectionQuery(id))
  const error = decisions.error ?? protection.error
  if (error) {
    const retry = () => Promise.all([decisions.refetch(), protection.refetch()])
    return <ErrorNotice error={error} onRetry={() => void retry()} />
  }
  if (!decisions.data || !protection.data) {
    return (
      <div role="status" aria-label="Loading" className="mt-3">
        <Skeleton className="h-4 w-1/2" />
      </div>
    )
  }
  const { count, results } = decisions.data
  return (
    <div className="mt-3 space-y-3">
      <ProtectionChanges changes={protection.data.results} />
      {count === 0 && (
        <p className="text-muted-foreground">
          Nothing has been accepted or dismissed yet.
        </p>
      )}
      <ul aria-label="Decisions" className="space-y-1.5">
        {results.map((decision) => (
          <DecisionItem key={decision.id} decision={decision} />
        ))}
      </ul>
      {count > results.length && (
        <p className="text-muted-foreground">
          The newest {results.length} of {formatCount(count, 'decision')}.
        </p>
      )}
    </div>
  )
}

function DecisionItem({ decision }: { decision: Decision }) {
  const { changes } = decision
  const more = changes.length - SHOWN_NAMES
  return (
    <li className="wrap-anywhere">
      <span className="font-medium">
        {decision.decision === 'accepted' ? 'Accepted' : 'Dismissed'}
      </span>{' '}
      by {decision.user ?? 'a command on the server'}
      {decision.token && ` with the token ${decision.token}`}
      <span className="text-muted-foreground">
        {' · '}
        <RelativeTime time={decision.decided_at} />
        {': '}
      </span>
      {changes.slice(0, SHOWN_NAMES).map(({ name, kind }, index) => (
        <span key={name}>
          {index > 0 && ', '}
          <code className="font-mono">
            <UntrustedName>{name}</UntrustedName>
          </code>{' '}
          {kind}
        </span>
      ))}
      {more > 0 && ` and ${more} more`}
    </li>
  )
}
