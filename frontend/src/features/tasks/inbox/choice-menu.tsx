import { ChevronDownIcon } from 'lucide-react'
import type { ReactNode } from 'react'

import { Button } from '@/components/ui/button'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuTrigger,
} from '@/components/ui/dropdown-menu'

type MenuButtonProps = { label: string; value: string; icon?: ReactNode }

/** Opens a menu, and shows what is chosen in it. */
export function MenuButton({
  label,
  value,
  icon = <ChevronDownIcon className="text-muted-foreground" />,
}: MenuButtonProps) {
  return (
    <DropdownMenuTrigger asChild>
      <Button
        variant="outline"
        aria-label={`${label}: ${value}`}
        className="justify-start font-normal"
      >
        <span className="flex-1 truncate text-left">{value}</span>
        {icon}
      </Button>
    </DropdownMenuTrigger>
  )
}

type ChoiceMenuProps<Value extends string> = {
  label: string
  /** What can be chosen, in this order. */
  labels: Record<Value, string>
  selected: Value
  icon?: ReactNode
  onChange: (selected: Value) => void
}

/** A button with a menu, in which one of several values is chosen. */
export function ChoiceMenu<Value extends string>({
  label,
  labels,
  selected,
  icon,
  onChange,
}: ChoiceMenuProps<Value>) {
  return (
    <DropdownMenu>
      <MenuButton label={label} value={labels[selected]} icon={icon} />
      <DropdownMenuContent align="start">
        <DropdownMenuRadioGroup
          aria-label={label}
          value={selected}
          onValueChange={(next) => {
            onChange(next as Value)
          }}
        >
          {(Object.keys(labels) as Value[]).map((each) => (
            <DropdownMenuRadioItem key={each} value={each}>
              {labels[each]}
            </DropdownMenuRadioItem>
          ))}
        </DropdownMenuRadioGroup>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
