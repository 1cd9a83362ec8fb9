import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { ChevronDownIcon, XIcon } from 'lucide-react'
import { useState } from 'react'

import { Combobox } from '@/components/combobox'
import { SearchField } from '@/components/search-field'
import { StatusIcon, statusLabel, STATUSES } from '@/components/status'
import type { Status } from '@/components/status'
import { Button } from '@/components/ui/button'
import {
  DropdownMenu,
  DropdownMenuCheckboxItem,
  DropdownMenuContent,
  DropdownMenuTrigger,
} from '@/components/ui/dropdown-menu'
import { useDebounced } from '@/lib/use-debounced'

import { agentChoiceQuery, agentChoicesQuery } from './queries'
import type { TaskFilters } from './queries'

type TaskFilterBarProps = {
  filters: TaskFilters
  onChange: (filters: TaskFilters) => void
}

export function TaskFilterBar({ filters, onChange }: TaskFilterBarProps) {
  const isFiltered = Boolean(
    filters.search ?? filters.agent ?? filters.status?.length,
  )
  return (
    <div className="mb-4 flex flex-wrap items-center gap-2">
      <SearchField
        label="Search tasks"
        value={filters.search ?? ''}
        className="w-full sm:w-72"
        onSearch={(search) => {
          onChange({ ...filters, search: search || undefined })
        }}
      />
      <StatusFilter
        chosen={filters.status ?? []}
        onChange={(status) => {
          onChange({ ...filters, status: status.length ? status : undefined })
        }}
      />
      <AgentFilter
        chosen={filters.agent}
        onChange={(agent) => {
          onChange({ ...filters, agent })
        }}
      />
      {isFiltered && (
        <Button
          variant="ghost"
          className="text-muted-foreground"
          onClick={() => {
            onChange({})
          }}
        >
          <XIcon />
          Clear
        </Button>
      )}
    </div>
  )
}

type StatusFilterProps = {
  chosen: Status[]
  onChange: (chosen: Status[]) => void
}

function StatusFilter({ chosen, onChange }: StatusFilterProps) {
  const label =
    chosen.length === 0
      ? 'Any status'
      : chosen.length === 1
        ? chosen.map(statusLabel).join()
        : `${chosen.length} statuses`

  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button
          variant="outline"
          aria-label={`Status: ${label}`}
          className="font-normal"
        >
          {label}
          <ChevronDownIcon className="text-muted-foreground" />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="start">
        {STATUSES.map((status) => (
          <DropdownMenuCheckboxItem
            key={status}
            checked={chosen.includes(status)}
            // Several are chosen in one go.
            onSelect={(event) => {
              event.preventDefault()
            }}
            onCheckedChange={(isChecked) => {
              onChange(
                STATUSES.filter((each) =>
                  each === status ? isChecked : chosen.includes(each),
                ),
              )
            }}
          >
            <span aria-hidden>
              <StatusIcon status={status} className="animate-none" />
            </span>
            {statusLabel(status)}
          </DropdownMenuCheckboxItem>
        ))}
      </DropdownMenuContent>
    </DropdownMenu>
  )
}

type AgentFilterProps = {
  chosen: number | undefined
  onChange: (agent: number | undefined) => void
}

function AgentFilter({ chosen, onChange }: AgentFilterProps) {
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
      className="w-auto max-w-56 min-w-36 sm:h-9"
    />
  )
}
