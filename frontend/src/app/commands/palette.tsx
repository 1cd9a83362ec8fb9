import { useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { BotIcon } from 'lucide-react'
import { useState } from 'react'
import type { ReactNode } from 'react'

import { StatusIcon } from '@/components/status'
import {
  CommandDialog,
  CommandEmpty,
  CommandGroup,
  CommandInput,
  CommandItem,
  CommandList,
} from '@/components/ui/command'
import { agentMatchesQuery } from '@/features/agents/queries'
import { taskMatchesQuery } from '@/features/tasks/queries'
import { useDebounced } from '@/lib/use-debounced'
import { formatInput } from '@/lib/format'

import { usePaletteActions } from './palette-actions'
import type { PaletteAction } from './palette-actions'
import { PALETTE_TITLE } from './palette-field'
import type { Overlay } from './shortcuts'

type PaletteProps = {
  /** What was typed before the palette had loaded. */
  initialText: string
  onClose: () => void
  onOpen: (overlay: Overlay) => void
}

/** Finds agents, tasks, screens and actions by typing. */
export function Palette({ initialText, onClose, onOpen }: PaletteProps) {
  const [text, setText] = useState(initialText)
  const search = useDebounced(text.trim())
  const actions = usePaletteActions(onOpen)
  const found = useMatches(search)

  const select = (run: () => void) => {
    onClose()
    run()
  }

  return (
    <CommandDialog title={PALETTE_TITLE} onClose={onClose}>
      <CommandInput
        placeholder="Search, or type a command"
        value={text}
        onValueChange={setText}
      />
      <CommandList className="max-h-[min(24rem,60dvh)]">
        <CommandEmpty>
          {found.isPending ? 'Searching…' : `Nothing matches “${text.trim()}”.`}
        </CommandEmpty>
        <Actions actions={actions} text={text} onSelect={select} />
        <Matches {...found} onSelect={select} />
      </CommandList>
    </CommandDialog>
  )
}

function useMatches(search: string) {
  const agents = useQuery(agentMatchesQuery(search))
  const tasks = useQuery(taskMatchesQuery(search))
  return {
    agents: agents.data?.results ?? [],
    tasks: tasks.data?.results ?? [],
    isPending: agents.isPending || tasks.isPending,
  }
}

type Selectable = { onSelect: (run: () => void) => void }

type ActionsProps = Selectable & { actions: PaletteAction[]; text: string }

function Actions({ actions, text, onSelect }: ActionsProps) {
  const words = text.toLowerCase().split(/\s+/)
  const matching = actions.filter(({ label, keywords = '' }) => {
    const all = `${label} ${keywords}`.toLowerCase()
    return words.every((word) => all.includes(word))
  })
  if (matching.length === 0) return null
  return (
    <CommandGroup heading="Actions">
      {matching.map(({ label, icon: Icon, run }) => (
        <Item
          key={label}
          value={`action ${label}`}
          icon={<Icon aria-hidden className="text-muted-foreground" />}
          onSelect={() => {
            onSelect(run)
          }}
        >
          {label}
        </Item>
      ))}
    </CommandGroup>
  )
}

type MatchesProps = Selectable & ReturnType<typeof useMatches>

function Matches({ agents, tasks, onSelect }: MatchesProps) {
  const router = useRouter()
  return (
    <>
      {agents.length > 0 && (
        <CommandGroup heading="Agents">
          {agents.map(({ id, name, model }) => (
            <Item
              key={id}
              value={`agent ${id}`}
              icon={<BotIcon aria-hidden className="text-muted-foreground" />}
              aside={model}
              onSelect={() => {
                const params = { agentId: String(id) }
                onSelect(
                  () =>
                    void router.navigate({ to: '/agents/$agentId', params }),
                )
              }}
            >
              {name}
            </Item>
          ))}
        </CommandGroup>
      )}
      {tasks.length > 0 && (
        <CommandGroup heading="Tasks">
          {tasks.map((row) => (
            <Item
              key={row.id}
              value={`task ${row.id}`}
              icon={<StatusIcon status={row.status} />}
              aside={row.agent_name}
              onSelect={() => {
                const params = { taskId: String(row.id) }
                onSelect(
                  () => void router.navigate({ to: '/tasks/$taskId', params }),
                )
              }}
            >
              {formatInput(row)}
            </Item>
          ))}
        </CommandGroup>
      )}
    </>
  )
}

type ItemProps = {
  value: string
  icon: ReactNode
  aside?: string
  onSelect: () => void
  children: string
}

function Item({ value, icon, aside, onSelect, children }: ItemProps) {
  return (
    <CommandItem value={value} onSelect={onSelect}>
      {icon}
      <span className="min-w-0 flex-1 truncate">{children}</span>
      {aside && (
        <span className="max-w-40 shrink-0 truncate text-xs text-muted-foreground">
          {aside}
        </span>
      )}
    </CommandItem>
  )
}
