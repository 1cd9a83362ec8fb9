import { lazy, Suspense, useState } from 'react'

import { DateButton } from './date-button'
import type { DateRange } from './period'

// Not needed for the first paint.
const DatePopover = lazy(async () => ({
  default: (await import('./date-popover')).DatePopover,
}))

type DateFilterProps = {
  selected: DateRange
  onChange: (selected: DateRange) => void
}

/** When a task was submitted: in a period until now, or between two days. */
export function DateFilter({ selected, onChange }: DateFilterProps) {
  const [isOpen, setOpen] = useState(false)
  // A click before the popover has loaded opens it when it has.
  const button = (
    <DateButton
      selected={selected}
      onClick={() => {
        setOpen(true)
      }}
    />
  )
  return (
    <Suspense fallback={button}>
      <DatePopover
        selected={selected}
        onChange={onChange}
        isOpen={isOpen}
        onOpenChange={setOpen}
      />
    </Suspense>
  )
}
