import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ChevronRightIcon, PencilIcon } from 'lucide-react'
import { useState } from 'react'
import type { ReactNode } from 'react'

import { ErrorNotice } from '@/components/notice'
import { Screen } from '@/components/screen'
import { Button } from '@/components/ui/button'
import { Skeleton } from '@/components/ui/skeleton'

import { AgentDefinition } from './agent-definition'
import { AgentDialog } from './agent-dialog'
import type { AgentDraft } from './agent-dialog'
import { AgentMenu } from './agent-menu'
import { agentQuery } from './queries'
import type { Agent } from './queries'
import { useAgentDeletion } from './use-agent-deletion'

type AgentPageProps = {
  id: number
  onLeave: () => void
  onCreated: (agent: Agent) => void
  /** What runs the agent, and what it ran. */
  children: ReactNode
}

export function AgentPage({
  id,
  onLeave,
  onCreated,
  children,
}: AgentPageProps) {
  const { data: agent, error, refetch } = useQuery(agentQuery(id))
  if (agent) {
    return (
      <LoadedAgent agent={agent} onLeave={onLeave} onCreated={onCreated}>
        {children}
      </LoadedAgent>
    )
  }
  return (
    <Screen title="Agent" above={<Breadcrumb />}>
      {error ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      ) : (
        <Columns beside={<Skeleton className="h-80 rounded-2xl" />}>
          {children}
        </Columns>
      )}
    </Screen>
  )
}

type LoadedAgentProps = Omit<AgentPageProps, 'id'> & { agent: Agent }

function LoadedAgent({
  agent,
  onLeave,
  onCreated,
  children,
}: LoadedAgentProps) {
  const [draft, setDraft] = useState<AgentDraft>()
  const deleteAgent = useAgentDeletion(onLeave)

  return (
    <Screen
      title={agent.name}
      lead={agent.description}
      above={<Breadcrumb name={agent.name} />}
      actions={
        <>
          <Button
            variant="outline"
            onClick={() => {
              setDraft({ kind: 'edit', agent })
            }}
          >
            <PencilIcon />
            Edit
          </Button>
          <AgentMenu agent={agent} onDraft={setDraft} onDelete={deleteAgent} />
        </>
      }
    >
      <Columns beside={<AgentDefinition agent={agent} />}>{children}</Columns>
      <AgentDialog
        draft={draft}
        onCreated={onCreated}
        onClose={() => {
          setDraft(undefined)
        }}
      />
    </Screen>
  )
}

type ColumnsProps = { beside: ReactNode; children: ReactNode }

function Columns({ beside, children }: ColumnsProps) {
  return (
    <div className="grid gap-6 lg:grid-cols-[minmax(0,1fr)_17rem]">
      <div className="min-w-0 space-y-6">{children}</div>
      <div className="min-w-0">
        <div className="lg:sticky lg:top-8">{beside}</div>
      </div>
    </div>
  )
}

function Breadcrumb({ name = '…' }: { name?: string }) {
  return (
    <nav aria-label="Breadcrumb" className="mb-1">
      <ol className="text-muted-foreground flex items-center gap-1 text-sm">
        <li>
          <Link to="/agents" className="hover:text-foreground rounded">
            Agents
          </Link>
        </li>
        <ChevronRightIcon aria-hidden className="size-3.5 shrink-0" />
        <li aria-current="page" className="min-w-0 truncate">
          {name}
        </li>
      </ol>
    </nav>
  )
}
