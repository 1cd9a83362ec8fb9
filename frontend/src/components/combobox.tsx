import { CheckIcon, ChevronsUpDownIcon } from 'lucide-react'
import { useId, useState } from 'react'
import type { ReactNode } from 'react'

import { cn } from '@/lib/cn'

import {
  Command,
  CommandEmpty,
  CommandGroup,
  CommandInput,
  CommandItem,
  CommandList,
} from './ui/command'
import type { ControlProps } from './ui/field'
import { fieldClassName } from './ui/input'
import { Popover, PopoverContent, PopoverTrigger } from './ui/popover'

export type Choice = {
  value: string
  label: string
  group?: string
  /** A remark about the whole group. */
  note?: string
  hint?: string
  isDisabled?: boolean
}

type ComboboxProps = {
  choices: Choice[]
  value: string
  onChange: (value: string) => void
  placeholder: string
  searchLabel: string
  empty: ReactNode
  control?: ControlProps
  label?: string
  /** Accepts any text that is not a choice. Returns the label that offers it. */
  custom?: (text: string) => string
  /** For choices that come from a search on the server. */
  onSearch?: (text: string) => void
  className?: string
}

export function Combobox(props: ComboboxProps) {
  const { choices, value, placeholder, control, label, className } = props
  const [isOpen, setOpen] = useState(false)
  const listId = useId()
  const selected = choices.find((choice) => choice.value === value)
  const shown = selected?.label ?? value

  return (
    <Popover open={isOpen} onOpenChange={setOpen} modal>
      <PopoverTrigger asChild>
        <button
          type="button"
          role="combobox"
          aria-expanded={isOpen}
          aria-controls={listId}
          aria-label={label && `${label}: ${shown || placeholder}`}
          {...control}
          className={cn(
            fieldClassName,
            'flex h-9 items-center gap-2 text-left text-sm touch:h-10',
            className,
          )}
        >
          <span
            className={cn(
              'min-w-0 flex-1 truncate',
              !shown && 'text-muted-foreground',
            )}
          >
            {shown || placeholder}
          </span>
          <ChevronsUpDownIcon
            aria-hidden
            className="size-4 shrink-0 text-muted-foreground"
          />
        </button>
      </PopoverTrigger>
      <PopoverContent
        id={listId}
        className="w-(--radix-popover-trigger-width) min-w-64 overflow-hidden"
      >
        <Choices
          {...props}
          onChange={(next) => {
            props.onChange(next)
            setOpen(false)
          }}
        />
      </PopoverContent>
    </Popover>
  )
}

function Choices({
  choices,
  value,
  onChange,
  searchLabel,
  empty,
  custom,
  onSearch,
}: ComboboxProps) {
  const [text, setText] = useState('')
  const typed = text.trim()
  const isKnown = choices.some((choice) => choice.value === typed)
  const groups = [...new Set(choices.map((choice) => choice.group ?? ''))]

  return (
    <Command shouldFilter={!onSearch} label={searchLabel}>
      <CommandInput
        placeholder={searchLabel}
        value={text}
        onValueChange={(next) => {
          setText(next)
          onSearch?.(next)
        }}
      />
      <CommandList>
        {!(custom && typed) && <CommandEmpty>{empty}</CommandEmpty>}
        {groups.map((group) => (
          <ChoiceGroup
            key={group}
            name={group}
            choices={choices.filter((each) => (each.group ?? '') === group)}
            value={value}
            onSelect={onChange}
          />
        ))}
        {custom && typed && !isKnown && (
          <CommandGroup forceMount>
            <CommandItem
              forceMount
              value={`custom ${typed}`}
              onSelect={() => {
                onChange(typed)
              }}
            >
              <span className="truncate">{custom(typed)}</span>
            </CommandItem>
          </CommandGroup>
        )}
      </CommandList>
    </Command>
  )
}

type ChoiceGroupProps = {
  name: string
  choices: Choice[]
  value: string
  onSelect: (value: string) => void
}

function ChoiceGroup({ name, choices, value, onSelect }: ChoiceGroupProps) {
  const note = choices[0]?.note
  const heading = name && (
    <>
      {name}
      {note && <span className="block font-normal">{note}</span>}
    </>
  )
  return (
    <CommandGroup heading={heading}>
      {choices.map((choice) => (
        <ChoiceItem
          key={choice.value}
          choice={choice}
          isSelected={choice.value === value}
          onSelect={onSelect}
        />
      ))}
    </CommandGroup>
  )
}

type ChoiceItemProps = {
  choice: Choice
  isSelected: boolean
  onSelect: (value: string) => void
}

function ChoiceItem({ choice, isSelected, onSelect }: ChoiceItemProps) {
  const { value, label, group = '', hint, isDisabled = false } = choice
  return (
    <CommandItem
      value={value}
      keywords={[label, group]}
      disabled={isDisabled}
      onSelect={() => {
        onSelect(value)
      }}
    >
      <span className="min-w-0 flex-1">
        <span className="block truncate">{label}</span>
        {hint && (
          <span className="block text-xs text-muted-foreground">{hint}</span>
        )}
      </span>
      {isSelected && <CheckIcon aria-label="selected" className="text-brand" />}
    </CommandItem>
  )
}
