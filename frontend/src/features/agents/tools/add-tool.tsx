import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { PlusIcon } from 'lucide-react'
import { useState } from 'react'
import type { UIEvent } from 'react'

import { Button } from '@/components/ui/button'
import {
  Command,
  CommandGroup,
  CommandInput,
  CommandItem,
  CommandList,
} from '@/components/ui/command'
import {
  Popover,
  PopoverContent,
  PopoverTrigger,
} from '@/components/ui/popover'
import { rowsOf } from '@/lib/api/pages'
import { useDebounced } from '@/lib/use-debounced'

import { toolGroups } from './tool-entries'
import type { ToolChoice } from './tool-entries'
import { callableAgentsQuery, toolsQuery } from './tool-queries'

type AddToolProps = {
  /** The agent that is edited, which cannot be a tool of itself. */
  agent: number | undefined
  /** The keys of the tools that the agent has already. */
  taken: string[]
  onAdd: (choice: ToolChoice) => void
}

/** A button that opens the list of all tools: searched by the server, loaded as one scrolls. */
export function AddTool({ onAdd, ...props }: AddToolProps) {
  const [isOpen, setOpen] = useState(false)
  return (
    <Popover open={isOpen} onOpenChange={setOpen} modal>
      <PopoverTrigger asChild>
        <Button variant="outline" size="small">
          <PlusIcon />
          Add a tool
        </Button>
      </PopoverTrigger>
      <PopoverContent
        align="end"
        className="w-[min(24rem,calc(100vw-2rem))] overflow-hidden"
      >
        <ToolPicker
          {...props}
          onAdd={(choice) => {
            onAdd(choice)
            setOpen(false)
          }}
        />
      </PopoverContent>
    </Popover>
  )
}

const LOAD_MORE = 'load more'
// Pixels from the end of the list at which the next page is loaded.
const NEAR_END_PIXELS = 200

function ToolPicker({ agent, taken, onAdd }: AddToolProps) {
  const [text, setText] = useState('')
  const { groups, hasMoreAgents, isStale, tools } = useTools(
    text.trim(),
    agent,
    taken,
  )
  const { hasNextPage, isFetchingNextPage } = tools
  const [marked, setMarked] = useState('')
  const keys = groups.flatMap(({ choices }) => choices.map(({ key }) => key))

  const loadMore = () => {
    if (hasNextPage && !isFetchingNextPage) void tools.fetchNextPage()
  }
  const onScroll = ({ currentTarget: list }: UIEvent<HTMLElement>) => {
    const rest = list.scrollHeight - list.scrollTop - list.clientHeight
    if (rest < NEAR_END_PIXELS) loadMore()
  }

  return (
    <Command
      shouldFilter={false}
      label="Search tools"
      // The first choice, whenever the one that was marked is gone.
      value={[...keys, LOAD_MORE].includes(marked) ? marked : (keys[0] ?? '')}
      onValueChange={setMarked}
    >
      <CommandInput
        placeholder="Search tools and agents"
        maxLength={200}
        value={text}
        onValueChange={setText}
      />
      <CommandList onScroll={onScroll} aria-busy={tools.isFetching}>
        {groups.map(({ name, choices }) => (
          <CommandGroup key={name} heading={name}>
            {choices.map((choice) => (
              <Choice key={choice.key} choice={choice} onAdd={onAdd} />
            ))}
            {name === 'Other agents' && hasMoreAgents && (
              <p className="px-2.5 py-1.5 text-xs text-muted-foreground">
                Type a name to find more agents.
              </p>
            )}
          </CommandGroup>
        ))}
        {hasNextPage && !isStale && (
          <CommandItem value={LOAD_MORE} onSelect={loadMore}>
            <span className="text-muted-foreground">
              {isFetchingNextPage ? 'Loading more tools…' : 'Load more tools'}
            </span>
          </CommandItem>
        )}
        <Remark
          isEmpty={groups.length === 0}
          text={text.trim()}
          isPending={tools.isPending || isStale}
          isError={tools.isError}
          onRetry={() => void tools.refetch()}
        />
      </CommandList>
    </Command>
  )
}

function useTools(text: string, agent: number | undefined, taken: string[]) {
  const search = useDebounced(text)
  const tools = useInfiniteQuery(toolsQuery(search))
  const { data: agents } = useQuery(callableAgentsQuery(search))
  // Enter must not choose what the text before the last key has found.
  const isStale = text !== search || tools.isPlaceholderData
  const isShown = (choice: ToolChoice) =>
    !taken.includes(choice.key) && (!isStale || matches(choice, text))
  const others = agents?.results.filter(({ id }) => id !== agent) ?? []
  const rows = tools.data ? rowsOf(tools.data).rows : []
  const groups = toolGroups(rows, others)
    .map(({ name, choices }) => ({ name, choices: choices.filter(isShown) }))
    .filter(({ choices }) => choices.length > 0)
  return { tools, groups, isStale, hasMoreAgents: Boolean(agents?.next) }
}

function matches({ title, description, group }: ToolChoice, text: string) {
  const searched = `${title} ${description} ${group}`.toLowerCase()
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => searched.includes(word))
}

type ChoiceProps = { choice: ToolChoice; onAdd: (choice: ToolChoice) => void }

function Choice({ choice, onAdd }: ChoiceProps) {
  return (
    <CommandItem
      value={choice.key}
      onSelect={() => {
        onAdd(choice)
      }}
    >
      <span className="min-w-0 flex-1">
        <span className="block truncate">{choice.title}</span>
        <span className="line-clamp-2 text-xs text-muted-foreground">
          {choice.description}
        </span>
      </span>
    </CommandItem>
  )
}

type RemarkProps = {
  isEmpty: boolean
  text: string
  isPending: boolean
  isError: boolean
  onRetry: () => void
}

/** What is shown below the choices, or instead of them. */
function Remark({ isEmpty, text, isPending, isError, onRetry }: RemarkProps) {
  if (isError) {
    return (
      <div role="alert" className="px-3 py-4 text-center text-sm">
        <p className="pb-2 text-muted-foreground">
          The tools could not be loaded.
        </p>
        <Button variant="outline" size="small" onClick={onRetry}>
          Try again
        </Button>
      </div>
    )
  }
  if (!isEmpty) return null
  const none = text ? `No tools or agents match “${text}”.` : 'No tools to add.'
  return (
    <p
      role="status"
      className="px-3 py-6 text-center text-sm wrap-anywhere text-muted-foreground"
    >
      {isPending ? 'Loading tools…' : none}
    </p>
  )
}
