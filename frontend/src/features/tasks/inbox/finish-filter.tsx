import { ChevronDownIcon } from 'lucide-react'

import { Button } from '@/components/ui/button'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuTrigger,
} from '@/components/ui/dropdown-menu'

import { FINISH_REASONS } from '../queries'
import type { FinishReason } from '../queries'

const LABELS: Record<FinishReason, string> = {
  stop: 'Answer finished',
  length: 'Answer cut off',
  content_filter: 'Answer filtered',
  refusal: 'Answer refused',
  other: 'Another reason',
}
const ANY = 'Any answer'

type FinishFilterProps = {
  selected: FinishReason | undefined
  onChange: (selected: FinishReason | undefined) => void
}

/** Filters by how the model ended its answer. */
export function FinishFilter({ selected, onChange }: FinishFilterProps) {
  const label = selected ? LABELS[selected] : ANY
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button
          variant="outline"
          aria-label={`Answer: ${label}`}
          className="justify-start font-normal"
        >
          <span className="flex-1 truncate text-left">{label}</span>
          <ChevronDownIcon className="text-muted-foreground" />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="start">
        <DropdownMenuRadioGroup
          aria-label="Answer"
          value={selected ?? ''}
          onValueChange={(next) => {
            onChange(FINISH_REASONS.find((each) => each === next))
          }}
        >
          <DropdownMenuRadioItem value="">{ANY}</DropdownMenuRadioItem>
          {FINISH_REASONS.map((each) => (
            <DropdownMenuRadioItem key={each} value={each}>
              {LABELS[each]}
            </DropdownMenuRadioItem>
          ))}
        </DropdownMenuRadioGroup>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
