import { XIcon } from 'lucide-react'
import type { ReactNode } from 'react'

import { SearchField } from '@/components/search-field'
import { StatusIcon, statusLabel, STATUSES } from '@/components/status'
import type { Status } from '@/components/status'
import { Button } from '@/components/ui/button'
import {
  DropdownMenu,
  DropdownMenuCheckboxItem,
  DropdownMenuContent,
} from '@/components/ui/dropdown-menu'

import { hasFilters } from '../queries'
import type { TaskFilters } from '../queries'
import { MenuButton } from './choice-menu'
import { DateFilter } from './date-filter'
import { FinishFilter } from './finish-filter'
import { OrderMenu } from './order-menu'

type TaskFilterBarProps = {
  filters: TaskFilters
  onChange: (filters: TaskFilters) => void
  agentFilter: ReactNode
}

export function TaskFilterBar({
  filters,
  onChange,
  agentFilter,
}: TaskFilterBarProps) {
  const { ordering } = filters
  return (
    <div className="mb-4 grid grid-cols-2 items-center gap-2 sm:flex sm:flex-wrap">
      <SearchField
        label="Search tasks"
        value={filters.search ?? ''}
        className="col-span-2 sm:w-72"
        onSearch={(search) => {
          onChange({ ...filters, search: search || undefined })
        }}
      />
      <StatusFilter
        selected={filters.status ?? []}
        onChange={(status) => {
          onChange({ ...filters, status: status.length ? status : undefined })
        }}
      />
      {agentFilter}
      <FinishFilter
        selected={filters.finish_reason}
        onChange={(reason) => {
          onChange({ ...filters, finish_reason: reason })
        }}
      />
      <DateFilter
        selected={filters}
        onChange={(range) => {
          onChange({ ...filters, ...range })
        }}
      />
      <OrderMenu
        ordering={ordering}
        onChange={(next) => {
          onChange({ ...filters, ordering: next })
        }}
      />
      {hasFilters(filters) && (
        <Button
          variant="ghost"
          className="col-span-2 text-muted-foreground"
          onClick={() => {
            onChange({ ordering })
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
  selected: Status[]
  onChange: (selected: Status[]) => void
}

function StatusFilter({ selected, onChange }: StatusFilterProps) {
  const label =
    selected.length === 0
      ? 'Any status'
      : selected.length === 1
        ? selected.map(statusLabel).join()
        : `${selected.length} statuses`

  return (
    <DropdownMenu>
      <MenuButton label="Status" value={label} />
      <DropdownMenuContent align="start">
        {STATUSES.map((status) => (
          <DropdownMenuCheckboxItem
            key={status}
            checked={selected.includes(status)}
            // The menu stays open, so that several can be selected.
            onSelect={(event) => {
              event.preventDefault()
            }}
            onCheckedChange={(isChecked) => {
              onChange(
                STATUSES.filter((each) =>
                  each === status ? isChecked : selected.includes(each),
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
