import { Link } from '@tanstack/react-router'

import { rowLinkClassName } from '@/components/row-link'
import { StatusIcon } from '@/components/status'
import { RelativeTime } from '@/components/times'
import { Skeleton } from '@/components/ui/skeleton'
import { cn } from '@/lib/cn'
import { formatCompact, formatCount } from '@/lib/format'

import { AgentMenu } from '../agent-menu'
import type { AgentDraft } from '../form/agent-dialog'
import type { Agent } from '../queries'

const columns =
  'grid grid-cols-[minmax(0,1fr)_2.5rem] items-center gap-x-2 sm:gap-x-4 sm:grid-cols-[minmax(0,1fr)_minmax(8rem,17rem)_4rem_7rem_2.5rem]'

type AgentListProps = {
  agents: Agent[]
  onDraft: (draft: AgentDraft) => void
  onDelete: (agent: Agent) => Promise<void>
}

export function AgentList({ agents, onDraft, onDelete }: AgentListProps) {
  return (
    <div className="overflow-hidden rounded-2xl border bg-card">
      <div
        aria-hidden
        className={cn(
          columns,
          'hidden border-b bg-muted/50 py-2 pr-2 pl-4 text-xs text-muted-foreground sm:grid',
        )}
      >
        <span>Agent</span>
        <span>Model</span>
        <span className="text-right">Tasks</span>
        <span className="text-right">Last run</span>
      </div>
      <ul aria-label="Agents" className="divide-y">
        {agents.map((agent) => (
          <li
            key={agent.id}
            className={cn(
              columns,
              'relative py-3 pr-2 pl-4 transition-colors hover:bg-muted/70',
            )}
          >
            <AgentCells agent={agent} />
            <AgentMenu agent={agent} onDraft={onDraft} onDelete={onDelete} />
          </li>
        ))}
      </ul>
    </div>
  )
}

function AgentCells({ agent }: { agent: Agent }) {
  return (
    <>
      <div className="min-w-0">
        <Link
          to="/agents/$agentId"
          params={{ agentId: String(agent.id) }}
          className={rowLinkClassName}
        >
          {agent.name}
        </Link>
        <p className="line-clamp-2 text-xs wrap-anywhere text-muted-foreground">
          {agent.description || 'No description'}
        </p>
        <p className="mt-1.5 flex items-center gap-2 text-xs text-muted-foreground sm:hidden">
          <span className="min-w-0 truncate font-mono">{agent.model}</span>
          <span aria-hidden>·</span>
          <span className="shrink-0">
            {formatCount(agent.tasks_count, 'task')}
          </span>
        </p>
      </div>
      <span className="hidden truncate font-mono text-xs text-muted-foreground sm:block">
        {agent.model}
      </span>
      <span className="hidden text-right text-sm tabular sm:block">
        {formatCompact(agent.tasks_count)}
        <span className="sr-only"> tasks</span>
      </span>
      <LastRun agent={agent} />
    </>
  )
}

function LastRun({ agent }: { agent: Agent }) {
  const last = agent.recent_tasks[0]
  return (
    <span className="hidden items-center justify-end gap-1.5 text-xs text-muted-foreground sm:flex">
      {last ? (
        <>
          <StatusIcon status={last.status} className="size-3.5" />
          <RelativeTime time={last.created_at} />
        </>
      ) : (
        'Never'
      )}
    </span>
  )
}

export function AgentListSkeleton() {
  return (
    <div
      role="status"
      aria-label="Loading"
      className="divide-y overflow-hidden rounded-2xl border bg-card"
    >
      <div className="hidden h-8 bg-muted/50 sm:block" />
      {Array.from({ length: 5 }, (_, index) => (
        <div
          key={index}
          className="flex h-20.5 items-center gap-4 px-4 sm:h-15"
        >
          <div className="flex-1 space-y-2">
            <Skeleton className="h-3.5 w-2/5" />
            <Skeleton className="h-3 w-3/5" />
          </div>
          <Skeleton className="h-3 w-20" />
        </div>
      ))}
    </div>
  )
}
