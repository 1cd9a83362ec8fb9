import { ArrowDownUpIcon } from 'lucide-react'

import { Button } from '@/components/ui/button'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuTrigger,
} from '@/components/ui/dropdown-menu'

import { ORDERINGS } from '../queries'
import type { Ordering } from '../queries'

const LABELS: Record<Ordering, string> = {
  '-created_at': 'Newest first',
  created_at: 'Oldest first',
  status: 'By status',
  agent__name: 'By agent',
}

type OrderMenuProps = {
  ordering: Ordering | undefined
  onChange: (ordering: Ordering | undefined) => void
}

export function OrderMenu({ ordering, onChange }: OrderMenuProps) {
  const selected = ordering ?? ORDERINGS[0]
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button
          variant="outline"
          aria-label={`Order: ${LABELS[selected]}`}
          className="justify-start font-normal"
        >
          <ArrowDownUpIcon className="text-muted-foreground" />
          {LABELS[selected]}
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="end">
        <DropdownMenuRadioGroup
          aria-label="Order"
          value={selected}
          onValueChange={(next) => {
            onChange(ORDERINGS.find((each) => each === next))
          }}
        >
          {ORDERINGS.map((each) => (
            <DropdownMenuRadioItem key={each} value={each}>
              {LABELS[each]}
            </DropdownMenuRadioItem>
          ))}
        </DropdownMenuRadioGroup>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
