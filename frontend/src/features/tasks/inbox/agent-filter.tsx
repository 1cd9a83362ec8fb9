import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { Combobox } from '@/components/combobox'
import { useDebounced } from '@/lib/use-debounced'

import { agentChoiceQuery, agentChoicesQuery } from '../queries'

type AgentFilterProps = {
  chosen: number | undefined
  onChange: (agent: number | undefined) => void
}

/** One agent, found by its name. */
export function AgentFilter({ chosen, onChange }: AgentFilterProps) {
  const [text, setText] = useState('')
  const search = useDebounced(text.trim())
  const { data } = useQuery({
    ...agentChoicesQuery(search),
    placeholderData: keepPreviousData,
  })
  const { data: agent } = useQuery({
    ...agentChoiceQuery(chosen ?? 0),
    enabled: chosen !== undefined,
  })
  const found = (data?.results ?? []).map(({ id, name }) => ({
    value: String(id),
    label: name,
  }))
  const isFound = found.some(({ value }) => value === String(chosen))
  const own =
    agent && !isFound ? [{ value: String(agent.id), label: agent.name }] : []

  return (
    <Combobox
      label="Agent"
      placeholder="Any agent"
      searchLabel="Search agents"
      empty="No agent is called so."
      value={chosen === undefined ? '' : String(chosen)}
      choices={[
        ...(chosen === undefined ? [] : [{ value: '', label: 'Any agent' }]),
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
