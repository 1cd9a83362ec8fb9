import { useInfiniteQuery } from '@tanstack/react-query'
import { ArrowDownUpIcon, BotIcon, PlusIcon, SearchXIcon } from 'lucide-react'
import { useState } from 'react'

import { LoadMore } from '@/components/load-more'
import { ErrorNotice, Notice } from '@/components/notice'
import { Screen } from '@/components/screen'
import { SearchField } from '@/components/search-field'
import { Button } from '@/components/ui/button'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuTrigger,
} from '@/components/ui/dropdown-menu'
import { rowsOf } from '@/lib/api/pages'

import { AgentDialog } from '../form/agent-dialog'
import type { AgentDraft } from '../form/agent-dialog'
import { agentsQuery } from '../queries'
import type { Agent, AgentFilters } from '../queries'
import { useAgentDeletion } from '../use-agent-deletion'
import { AgentList, AgentListSkeleton } from './agent-list'

type AgentsPageProps = {
  filters: AgentFilters
  onFiltersChange: (filters: AgentFilters) => void
  /** Whether the form for a new agent is open. It is kept in the URL. */
  isCreating: boolean
  onCreatingChange: (isCreating: boolean) => void
  onCreated: (agent: Agent) => void
}

export function AgentsPage({
  filters,
  onFiltersChange,
  isCreating,
  onCreatingChange,
  onCreated,
}: AgentsPageProps) {
  const [draft, setDraft] = useState<AgentDraft>()
  const begin = (next: AgentDraft) => {
    if (next.kind === 'new') onCreatingChange(true)
    else setDraft(next)
  }

  return (
    <Screen
      title="Agents"
      description="Define them once, run them from anywhere."
      actions={
        <Button
          onClick={() => {
            onCreatingChange(true)
          }}
        >
          <PlusIcon />
          New agent
        </Button>
      }
    >
      <div className="mb-4 flex items-center gap-2">
        <SearchField
          label="Search agents"
          value={filters.search ?? ''}
          className="flex-1 sm:max-w-72"
          onSearch={(search) => {
            onFiltersChange({ ...filters, search: search || undefined })
          }}
        />
        <Ordering
          value={filters.ordering}
          onChange={(ordering) => {
            onFiltersChange({ ...filters, ordering })
          }}
        />
      </div>
      <Agents
        filters={filters}
        onClear={() => {
          onFiltersChange({ ...filters, search: undefined })
        }}
        onDraft={begin}
      />
      <AgentDialog
        draft={isCreating ? { kind: 'new' } : draft}
        onCreated={onCreated}
        onClose={() => {
          if (isCreating) onCreatingChange(false)
          setDraft(undefined)
        }}
      />
    </Screen>
  )
}

const ORDERINGS = [
  { value: '-created_at', label: 'Newest first' },
  { value: 'name', label: 'By name' },
  { value: '-tasks_count', label: 'Most tasks first' },
]

type OrderingProps = {
  value: string | undefined
  onChange: (ordering: string) => void
}

function Ordering({ value = '-created_at', onChange }: OrderingProps) {
  const label = ORDERINGS.find((each) => each.value === value)?.label
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button
          variant="outline"
          className="font-normal"
          aria-label={`Order: ${label ?? value}`}
        >
          <ArrowDownUpIcon className="text-muted-foreground" />
          <span className="hidden sm:inline">{label}</span>
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="start">
        <DropdownMenuRadioGroup value={value} onValueChange={onChange}>
          {ORDERINGS.map((each) => (
            <DropdownMenuRadioItem key={each.value} value={each.value}>
              {each.label}
            </DropdownMenuRadioItem>
          ))}
        </DropdownMenuRadioGroup>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}

type AgentsProps = {
  filters: AgentFilters
  onClear: () => void
  onDraft: (draft: AgentDraft) => void
}

function Agents({ filters, onClear, onDraft }: AgentsProps) {
  const query = useInfiniteQuery(agentsQuery(filters))
  const deleteAgent = useAgentDeletion()

  if (query.error && !query.data) {
    return (
      <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
    )
  }
  if (!query.data) return <AgentListSkeleton />

  const { rows } = rowsOf(query.data)
  if (rows.length === 0) {
    return filters.search ? (
      <NoMatches onClear={onClear} />
    ) : (
      <NoAgents onDraft={onDraft} />
    )
  }
  return (
    <div aria-busy={query.isPlaceholderData}>
      <AgentList agents={rows} onDraft={onDraft} onDelete={deleteAgent} />
      <LoadMore query={query} />
    </div>
  )
}

function NoMatches({ onClear }: { onClear: () => void }) {
  return (
    <div className="rounded-2xl border bg-card">
      <Notice
        icon={SearchXIcon}
        title="No matching agents"
        action={
          <Button variant="outline" onClick={onClear}>
            Clear search
          </Button>
        }
      >
        Try fewer or other words.
      </Notice>
    </div>
  )
}

type NoAgentsProps = { onDraft: (draft: AgentDraft) => void }

function NoAgents({ onDraft }: NoAgentsProps) {
  return (
    <div className="rounded-2xl border bg-card">
      <Notice
        icon={BotIcon}
        title="No agents yet"
        action={
          <Button
            onClick={() => {
              onDraft({ kind: 'new' })
            }}
          >
            <PlusIcon />
            New agent
          </Button>
        }
      >
        An agent is a model with instructions. Create one, give it a task, and
        watch the answer arrive.
      </Notice>
    </div>
  )
}
