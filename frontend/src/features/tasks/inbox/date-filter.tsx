import { CalendarIcon } from 'lucide-react'
import { useState } from 'react'

import { Button } from '@/components/ui/button'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import {
  Popover,
  PopoverContent,
  PopoverTrigger,
} from '@/components/ui/popover'
import { formatDay } from '@/lib/format'

import { periodLabel, PERIODS } from './period'
import type { DateRange } from './period'

type DateFilterProps = {
  selected: DateRange
  onChange: (selected: DateRange) => void
}

function labelOf({ period, from, to }: DateRange) {
  if (period) return periodLabel[period]
  if (from && to) return `${formatDay(from)} – ${formatDay(to)}`
  if (from) return `Since ${formatDay(from)}`
  return to ? `Until ${formatDay(to)}` : 'Any time'
}

const anyTime: DateRange = { period: undefined, from: undefined, to: undefined }

/** When a task was submitted: in a period until now, or between two days. */
export function DateFilter({ selected, onChange }: DateFilterProps) {
  const [isOpen, setOpen] = useState(false)
  const label = labelOf(selected)

  return (
    <Popover open={isOpen} onOpenChange={setOpen}>
      <PopoverTrigger asChild>
        <Button
          variant="outline"
          aria-label={`Submitted: ${label}`}
          className="justify-start font-normal"
        >
          <CalendarIcon className="text-muted-foreground" />
          <span className="truncate">{label}</span>
        </Button>
      </PopoverTrigger>
      <PopoverContent aria-label="Submitted" className="w-80 p-2">
        <div className="grid gap-0.5">
          {[undefined, ...PERIODS].map((period) => (
            <Button
              key={period ?? 'any'}
              variant="ghost"
              size="small"
              aria-pressed={labelOf({ period }) === label}
              className="justify-start font-normal aria-pressed:bg-accent"
              onClick={() => {
                onChange({ ...anyTime, period })
                setOpen(false)
              }}
            >
              {labelOf({ period })}
            </Button>
          ))}
        </div>
        <div className="mt-2 grid grid-cols-2 gap-2 border-t px-1 pt-3 pb-1">
          <DayField
            label="From"
            value={selected.from}
            onChange={(from) => {
              onChange({ ...anyTime, from, to: selected.to })
            }}
          />
          <DayField
            label="To"
            value={selected.to}
            onChange={(to) => {
              onChange({ ...anyTime, from: selected.from, to })
            }}
          />
        </div>
      </PopoverContent>
    </Popover>
  )
}

type DayFieldProps = {
  label: string
  value: string | undefined
  onChange: (value: string | undefined) => void
}

function DayField({ label, value, onChange }: DayFieldProps) {
  return (
    <Field label={label}>
      {(control) => (
        <Input
          {...control}
          type="date"
          className="px-2 sm:text-xs"
          value={value ?? ''}
          onChange={(event) => {
            onChange(event.target.value || undefined)
          }}
        />
      )}
    </Field>
  )
}
