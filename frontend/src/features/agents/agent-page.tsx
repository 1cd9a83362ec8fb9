import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ChevronRightIcon, PencilIcon, UndoIcon } from 'lucide-react'
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
import { AgentVersions } from './agent-versions'
import { agentQuery } from './queries'
import type { Agent } from './queries'
import { useAgentDeletion, useAgentRestoring } from './use-agent-deletion'

type AgentPageProps = {
  id: number
  onLeave: () => void
  onCreated: (agent: Agent) => void
  /** What runs the agent. */
  runPanel: ReactNode
  /** What the agent ran. */
  children: ReactNode
}

export function AgentPage({ id, ...props }: AgentPageProps) {
  const { data: agent, error, refetch } = useQuery(agentQuery(id))
  if (agent) return <LoadedAgent agent={agent} {...props} />
  return (
    <Screen title="Agent" above={<Breadcrumb />}>
      {error ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      ) : (
        <Columns beside={<Skeleton className="h-80 rounded-2xl" />}>
          <Skeleton className="h-40 rounded-2xl" />
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
  runPanel,
  children,
}: LoadedAgentProps) {
  const [draft, setDraft] = useState<AgentDraft>()
  const deleteAgent = useAgentDeletion(onLeave)
  const edit = () => {
    setDraft({ kind: 'edit', agent })
  }

  return (
    <Screen
      title={agent.name}
      lead={agent.description}
      above={<Breadcrumb name={agent.name} />}
      actions={
        !agent.deleted_at && (
          <>
            <Button variant="outline" onClick={edit}>
              <PencilIcon />
              Edit
            </Button>
            <AgentMenu
              agent={agent}
              onDraft={setDraft}
              onDelete={deleteAgent}
            />
          </>
        )
      }
    >
      <Columns
        beside={
          <>
            <AgentDefinition agent={agent} />
            <AgentVersions agent={agent} />
          </>
        }
      >
        {agent.deleted_at ? <DeletedNote agent={agent} /> : runPanel}
        {children}
      </Columns>
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

function DeletedNote({ agent }: { agent: Agent }) {
  const restore = useAgentRestoring()
  return (
    <div className="flex flex-wrap items-center gap-3 rounded-2xl border border-dashed px-4 py-4 text-sm sm:px-5">
      <p className="flex-1">
        This agent was deleted. Its tasks stay, and it can be brought back.
      </p>
      <Button
        variant="outline"
        onClick={() => {
          restore(agent)
        }}
      >
        <UndoIcon />
        Restore
      </Button>
    </div>
  )
}

type ColumnsProps = { beside: ReactNode; children: ReactNode }

function Columns({ beside, children }: ColumnsProps) {
  return (
    <div className="grid gap-6 lg:grid-cols-[minmax(0,1fr)_17rem]">
      <div className="min-w-0 space-y-6">{children}</div>
      <div className="min-w-0">
        <div className="space-y-6 lg:sticky lg:top-8">{beside}</div>
      </div>
    </div>
  )
}

function Breadcrumb({ name = '…' }: { name?: string }) {
  return (
    <nav aria-label="Breadcrumb" className="mb-1">
      <ol className="flex items-center gap-1 text-sm text-muted-foreground">
        <li>
          <Link to="/agents" className="rounded hover:text-foreground">
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
