import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { Combobox } from '@/components/combobox'
import { useDebounced } from '@/lib/use-debounced'

import { agentChoicesQuery, agentQuery } from './queries'
import type { Agent } from './queries'

type AgentFilterProps = {
  selected: number | undefined
  onChange: (agent: number | undefined) => void
}

/** One agent of all, found by name. */
export function AgentFilter({ selected, onChange }: AgentFilterProps) {
  const [text, setText] = useState('')
  const search = useDebounced(text.trim())
  const { data } = useQuery({
    ...agentChoicesQuery(search),
    placeholderData: keepPreviousData,
  })
  const { data: agent } = useQuery({
    ...agentQuery(selected ?? 0),
    enabled: selected !== undefined,
  })
  const value = selected === undefined ? '' : String(selected)

  return (
    <Combobox
      label="Agent"
      placeholder="Any agent"
      searchLabel="Search agents"
      empty={text ? `No agents match “${text.trim()}”.` : 'No agents yet.'}
      value={value}
      choices={choicesOf(data?.results ?? [], agent)}
      onSearch={setText}
      onChange={(next) => {
        onChange(next ? Number(next) : undefined)
      }}
      className="w-auto min-w-36 sm:max-w-56 [&>span]:text-foreground"
    />
  )
}

/** The selected agent first, unless the search has found it, and the way to select none. */
function choicesOf(found: Agent[], selected: Agent | undefined) {
  const isFound = found.some(({ id }) => id === selected?.id)
  const agents = selected && !isFound ? [selected, ...found] : found
  const choices = agents.map(({ id, name }) => ({
    value: String(id),
    label: name,
  }))
  return selected ? [{ value: '', label: 'Any agent' }, ...choices] : choices
}
