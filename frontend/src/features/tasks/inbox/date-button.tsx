import { CalendarIcon } from 'lucide-react'
import type { ComponentProps } from 'react'

import { Button } from '@/components/ui/button'
import { formatDay } from '@/lib/format'

import { periodLabel } from './period'
import type { DateRange } from './period'

export function dateRangeLabel({ period, from, to }: DateRange) {
  if (period) return periodLabel[period]
  if (from && to) return `${formatDay(from)} – ${formatDay(to)}`
  if (from) return `Since ${formatDay(from)}`
  return to ? `Until ${formatDay(to)}` : 'Any time'
}

type DateButtonProps = ComponentProps<typeof Button> & { selected: DateRange }

/** Shows the selected dates, and opens their filter. */
export function DateButton({ selected, ...props }: DateButtonProps) {
  const label = dateRangeLabel(selected)
  return (
    <Button
      {...props}
      variant="outline"
      aria-label={`Submitted: ${label}`}
      className="justify-start font-normal"
    >
      <CalendarIcon className="text-muted-foreground" />
      <span className="truncate">{label}</span>
    </Button>
  )
}
