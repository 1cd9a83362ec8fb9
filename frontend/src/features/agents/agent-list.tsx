import { Link } from '@tanstack/react-router'

import { StatusIcon } from '@/components/status'
import { RelativeTime } from '@/components/times'
import { Skeleton } from '@/components/ui/skeleton'
import { cn } from '@/lib/cn'
import { formatCompact, formatCount } from '@/lib/format'

import type { AgentDraft } from './agent-dialog'
import { AgentMenu } from './agent-menu'
import type { Agent } from './queries'

const columns =
  'grid grid-cols-[minmax(0,1fr)_2rem] items-center gap-x-4 sm:grid-cols-[minmax(0,1fr)_minmax(8rem,13rem)_4rem_8rem_2rem]'

type AgentListProps = {
  agents: Agent[]
  onDraft: (draft: AgentDraft) => void
  onDelete: (agent: Agent) => void
}

export function AgentList({ agents, onDraft, onDelete }: AgentListProps) {
  return (
    <div className="bg-card overflow-hidden rounded-2xl border">
      <div
        aria-hidden
        className={cn(
          columns,
          'bg-muted/50 text-muted-foreground hidden border-b py-2 pr-3 pl-4 text-xs sm:grid',
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
              'hover:bg-muted/70 relative py-3 pr-3 pl-4 transition-colors',
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
          className="focus-visible:after:outline-ring block truncate text-sm font-medium after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2"
        >
          {agent.name}
        </Link>
        <p className="text-muted-foreground truncate text-xs">
          {agent.description || 'No description'}
        </p>
        <p className="text-muted-foreground mt-1.5 flex items-center gap-2 text-xs sm:hidden">
          <span className="min-w-0 truncate font-mono">{agent.model}</span>
          <span aria-hidden>·</span>
          <span className="shrink-0">
            {formatCount(agent.tasks_count, 'task')}
          </span>
        </p>
      </div>
      <span className="text-muted-foreground hidden truncate font-mono text-xs sm:block">
        {agent.model}
      </span>
      <span className="tabular hidden text-right text-sm sm:block">
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
    <span className="text-muted-foreground hidden items-center justify-end gap-1.5 text-xs sm:flex">
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
      className="bg-card divide-y overflow-hidden rounded-2xl border"
    >
      {Array.from({ length: 5 }, (_, index) => (
        <div key={index} className="flex items-center gap-4 px-4 py-4">
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
