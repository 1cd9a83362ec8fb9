import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { Combobox } from '@/components/combobox'
import { useDebounced } from '@/lib/use-debounced'

import { agentChoicesQuery, agentQuery } from './queries'

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
  const found = (data?.results ?? []).map(({ id, name }) => ({
    value: String(id),
    label: name,
  }))
  const isFound = found.some(({ value }) => value === String(selected))
  const own =
    agent && !isFound ? [{ value: String(agent.id), label: agent.name }] : []

  return (
    <Combobox
      label="Agent"
      placeholder="Any agent"
      searchLabel="Search agents"
      empty={text ? `No agents match “${text.trim()}”.` : 'No agents yet.'}
      value={selected === undefined ? '' : String(selected)}
      choices={[
        ...(selected === undefined ? [] : [{ value: '', label: 'Any agent' }]),
        ...own,
        ...found,
      ]}
      onSearch={setText}
      onChange={(value) => {
        onChange(value ? Number(value) : undefined)
      }}
      className="w-auto min-w-36 sm:max-w-56 [&>span]:text-foreground"
    />
  )
}
