import { ToggleGroup } from 'radix-ui'

import { RANGES } from './queries'
import type { Range } from './queries'

const LABELS: Record<Range, string> = {
  '24h': '24 hours',
  '7d': '7 days',
  '30d': '30 days',
  '90d': '90 days',
}

type RangePickerProps = { range: Range; onChange: (range: Range) => void }

export function RangePicker({ range, onChange }: RangePickerProps) {
  return (
    <ToggleGroup.Root
      type="single"
      aria-label="Time range"
      value={range}
      onValueChange={(next) => {
        // Pressing the selected one again does not deselect it.
        if (next) onChange(next as Range)
      }}
      className="flex rounded-lg border bg-muted/60 p-0.5"
    >
      {RANGES.map((each) => (
        <ToggleGroup.Item
          key={each}
          value={each}
          aria-label={LABELS[each]}
          className="h-7 rounded-md px-2.5 text-xs font-medium text-muted-foreground transition-colors hover:text-foreground data-[state=on]:bg-card data-[state=on]:text-foreground data-[state=on]:shadow-xs touch:hit-area touch:h-9"
        >
          {each}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  )
}
