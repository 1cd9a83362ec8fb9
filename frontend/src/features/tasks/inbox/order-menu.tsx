import { ArrowDownUpIcon } from 'lucide-react'

import { ORDERINGS } from '../queries'
import type { Ordering } from '../queries'
import { ChoiceMenu } from './choice-menu'

const LABELS: Record<Ordering, string> = {
  '-created_at': 'Newest first',
  created_at: 'Oldest first',
  status: 'By status',
  agent__name: 'By agent',
}

type OrderMenuProps = {
  ordering: Ordering | undefined
  onChange: (ordering: Ordering) => void
}

export function OrderMenu({ ordering, onChange }: OrderMenuProps) {
  return (
    <ChoiceMenu
      label="Order"
      labels={LABELS}
      selected={ordering ?? ORDERINGS[0]}
      icon={<ArrowDownUpIcon className="text-muted-foreground" />}
      onChange={onChange}
    />
  )
}
