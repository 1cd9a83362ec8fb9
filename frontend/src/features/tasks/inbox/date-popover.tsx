import { Button } from '@/components/ui/button'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import {
  Popover,
  PopoverContent,
  PopoverTrigger,
} from '@/components/ui/popover'

import { DateButton, dateRangeLabel } from './date-button'
import { PERIODS } from './period'
import type { DateRange } from './period'

type DatePopoverProps = {
  selected: DateRange
  onChange: (selected: DateRange) => void
  isOpen: boolean
  onOpenChange: (isOpen: boolean) => void
}

const anyTime: DateRange = { period: undefined, from: undefined, to: undefined }

/** The periods and days to choose from, and the button that opens them. */
export function DatePopover({
  selected,
  onChange,
  isOpen,
  onOpenChange,
}: DatePopoverProps) {
  const label = dateRangeLabel(selected)

  return (
    <Popover open={isOpen} onOpenChange={onOpenChange}>
      <PopoverTrigger asChild>
        <DateButton selected={selected} />
      </PopoverTrigger>
      <PopoverContent aria-label="Submitted" className="w-80 p-2">
        <div className="grid gap-0.5">
          {[undefined, ...PERIODS].map((period) => (
            <Button
              key={period ?? 'any'}
              variant="ghost"
              size="small"
              aria-pressed={dateRangeLabel({ period }) === label}
              className="justify-start font-normal aria-pressed:bg-accent"
              onClick={() => {
                onChange({ ...anyTime, period })
                onOpenChange(false)
              }}
            >
              {dateRangeLabel({ period })}
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
