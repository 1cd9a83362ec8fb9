import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ChevronRightIcon, PencilIcon, UndoIcon } from 'lucide-react'
import { useState } from 'react'
import type { ReactNode } from 'react'

import { ErrorNotice } from '@/components/notice'
import { Screen } from '@/components/screen'
import { Button } from '@/components/ui/button'
import { Skeleton } from '@/components/ui/skeleton'
import { cn } from '@/lib/cn'

import { AgentMenu } from '../agent-menu'
import { AgentDialog } from '../form/agent-dialog'
import type { AgentDraft } from '../form/agent-dialog'
import { agentQuery } from '../queries'
import type { Agent } from '../queries'
import { useAgentDeletion, useRestoreDeletedAgent } from '../use-agent-deletion'
import { AgentVersions } from '../versions/agent-versions'
import { AgentDefinition } from './agent-definition'
import { AgentDescription } from './agent-description'
import { ChangedServers } from './changed-servers'

type AgentPageProps = {
  id: number
  onLeave: () => void
  onCreated: (agent: Agent) => void
  /** The form that runs the agent. */
  runPanel: ReactNode
  /** The tasks and statistics of the agent. */
  children: ReactNode
}

export function AgentPage({ id, ...props }: AgentPageProps) {
  const { data: agent, error, refetch } = useQuery(agentQuery(id))
  if (agent) return <LoadedAgent agent={agent} {...props} />
  return (
    <Screen
      title={`Agent ${id}`}
      heading={error ? undefined : <HeadingSkeleton id={id} />}
      description={!error && <Skeleton className="my-1 h-3 w-64 max-w-full" />}
      above={<Breadcrumb name={String(id)} />}
      actions={
        !error && <Skeleton className="h-9 w-28 rounded-lg touch:h-10" />
      }
    >
      {error ? (
        <ErrorNotice
          error={error}
          onRetry={() => void refetch()}
          fallbackAction={
            <Button asChild variant="outline">
              <Link to="/agents">See all agents</Link>
            </Button>
          }
        />
      ) : (
        <div role="status" aria-label="Loading">
          <Columns aside={<CardSkeleton className="h-96" />}>
            <CardSkeleton className="h-39" />
            <CardSkeleton className="h-96" />
          </Columns>
        </div>
      )}
    </Screen>
  )
}

function HeadingSkeleton({ id }: { id: number }) {
  return (
    <>
      <span className="sr-only">Agent {id}</span>
      <Skeleton className="my-1.5 h-5 w-48 max-w-full" />
    </>
  )
}

/** The outline of a card that is loading. */
function CardSkeleton({ className }: { className: string }) {
  return (
    <div
      className={cn('animate-pulse rounded-2xl border bg-card', className)}
    />
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
      description={
        agent.description && <AgentDescription text={agent.description} />
      }
      above={<Breadcrumb name={agent.name} />}
      actions={
        !agent.deleted_at && (
          <>
            <Button variant="outline" onClick={edit}>
              <PencilIcon />
              Edit
            </Button>
            <AgentMenu
              isHeading
              agent={agent}
              onDraft={setDraft}
              onDelete={deleteAgent}
            />
          </>
        )
      }
    >
      <Columns
        aside={
          <>
            <AgentDefinition agent={agent} />
            <AgentVersions agent={agent} />
          </>
        }
      >
        <ChangedServers agent={agent} />
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
  const restore = useRestoreDeletedAgent()
  return (
    <div className="flex flex-wrap items-center gap-3 rounded-2xl border border-dashed px-4 py-4 text-sm sm:px-5">
      <p className="flex-1">
        This agent was deleted. Its tasks are kept, and you can restore it.
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

type ColumnsProps = { aside: ReactNode; children: ReactNode }

function Columns({ aside, children }: ColumnsProps) {
  return (
    <div className="grid gap-6 lg:grid-cols-[minmax(0,1fr)_17rem]">
      <div className="min-w-0 space-y-6">{children}</div>
      <div className="min-w-0">
        <div className="space-y-6 lg:sticky lg:top-8">{aside}</div>
      </div>
    </div>
  )
}

function Breadcrumb({ name }: { name: string }) {
  return (
    <nav aria-label="Breadcrumb" className="mb-1">
      <ol className="flex items-center gap-1 text-sm text-muted-foreground">
        <li>
          <Link
            to="/agents"
            className="rounded hover:text-foreground touch:hit-area"
          >
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
