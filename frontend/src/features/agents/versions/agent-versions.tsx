import { useInfiniteQuery } from '@tanstack/react-query'
import { ShieldAlertIcon } from 'lucide-react'
import { useState } from 'react'

import { LoadMore } from '@/components/load-more'
import { ErrorNotice } from '@/components/notice'
import { ProtectionChanges } from '@/components/protection-changes'
import { RelativeTime } from '@/components/times'
import { Skeleton } from '@/components/ui/skeleton'
import { rowsOf } from '@/lib/api/pages'

import { agentVersionsQuery } from '../queries'
import type { Agent, AgentVersion } from '../queries'
import { VersionDialog } from './version-dialog'

/** All versions of the agent's definition, newest first. */
export function AgentVersions({ agent }: { agent: Agent }) {
  const query = useInfiniteQuery(agentVersionsQuery(agent.id))
  const [shown, setShown] = useState<number>()
  const versions = query.data && rowsOf(query.data).rows

  return (
    <section
      aria-label="Versions"
      className="rounded-2xl border bg-card p-4 sm:p-5"
    >
      <h2 className="mb-2 text-sm font-medium">Versions</h2>
      {versions ? (
        <VersionList
          versions={versions}
          current={agent.version}
          onShow={setShown}
        />
      ) : query.error ? (
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Skeleton className="h-16" />
      )}
      <LoadMore query={query} />
      {versions && (
        <VersionDialog
          agent={agent}
          versions={versions}
          number={shown}
          onClose={() => {
            setShown(undefined)
          }}
        />
      )}
    </section>
  )
}

type VersionListProps = {
  versions: AgentVersion[]
  current: number
  onShow: (number: number) => void
}

function VersionList({ versions, current, onShow }: VersionListProps) {
  const [only, ...others] = versions
  if (only && others.length === 0) {
    return (
      <div className="space-y-2">
        <p className="text-sm text-muted-foreground">
          The definition has not changed since the agent was created. Each
          change creates a version, and you can restore any of them.
        </p>
        <ProtectionChanges changes={only.protection_changes} />
      </div>
    )
  }
  return (
    <ul aria-label="Versions" className="-mx-2 max-h-80 overflow-y-auto">
      {versions.map(({ number, created_at, protection_changes }) => (
        <li key={number}>
          <button
            type="button"
            className="flex w-full items-center gap-2 rounded-lg px-2 py-1.5 text-left text-sm hover:bg-accent touch:min-h-10"
            onClick={() => {
              onShow(number)
            }}
          >
            <span className="tabular">Version {number}</span>
            {number === current && (
              <span className="rounded-full bg-brand/12 px-2 text-xs font-medium text-brand">
                Current
              </span>
            )}
            {protection_changes.length > 0 && (
              <ShieldAlertIcon
                role="img"
                aria-label="Approval switched off"
                className="size-3.5 shrink-0 text-waiting"
              />
            )}
            <RelativeTime
              time={created_at}
              className="ml-auto text-xs text-muted-foreground"
            />
          </button>
        </li>
      ))}
    </ul>
  )
}
