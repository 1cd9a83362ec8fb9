import { ChevronDownIcon, XIcon } from 'lucide-react'
import { lazy, Suspense } from 'react'

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
import { Skeleton } from '@/components/ui/skeleton'

import { isNarrowed } from '../queries'
import type { TaskFilters } from '../queries'
import { DateFilter } from './date-filter'
import { OrderMenu } from './order-menu'

/** Its list is searched, which takes more code than all else here. */
const AgentFilter = lazy(() =>
  import('./agent-filter').then(({ AgentFilter }) => ({
    default: AgentFilter,
  })),
)

type TaskFilterBarProps = {
  filters: TaskFilters
  onChange: (filters: TaskFilters) => void
}

export function TaskFilterBar({ filters, onChange }: TaskFilterBarProps) {
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
        chosen={filters.status ?? []}
        onChange={(status) => {
          onChange({ ...filters, status: status.length ? status : undefined })
        }}
      />
      <Suspense
        fallback={<Skeleton className="h-9 rounded-lg sm:w-36 touch:h-10" />}
      >
        <AgentFilter
          chosen={filters.agent}
          onChange={(agent) => {
            onChange({ ...filters, agent })
          }}
        />
      </Suspense>
      <DateFilter
        chosen={filters}
        onChange={(span) => {
          onChange({ ...filters, ...span })
        }}
      />
      <OrderMenu
        ordering={ordering}
        onChange={(next) => {
          onChange({ ...filters, ordering: next })
        }}
      />
      {isNarrowed(filters) && (
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
          className="justify-start font-normal"
        >
          <span className="flex-1 truncate text-left">{label}</span>
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
