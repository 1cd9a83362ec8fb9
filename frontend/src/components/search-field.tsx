import { SearchIcon, XIcon } from 'lucide-react'
import { useEffect, useEffectEvent, useState } from 'react'

import { cn } from '@/lib/cn'
import { useDebounced } from '@/lib/use-debounced'

import { Kbd } from './kbd'
import { Button } from './ui/button'
import { Input } from './ui/input'

type SearchFieldProps = {
  label: string
  value: string
  onSearch: (value: string) => void
  className?: string
}

/**
 * Searches once the typing pauses. `/` focuses it from anywhere on the screen. A search that
 * changes in the URL replaces the text.
 */
export function SearchField({
  label,
  value,
  onSearch,
  className,
}: SearchFieldProps) {
  const [text, setText] = useState(value)
  const [known, setKnown] = useState(value)
  const settled = useDebounced(text)

  if (value !== known) {
    setKnown(value)
    if (value !== settled.trim()) setText(value)
  }

  const search = useEffectEvent((next: string) => {
    if (next !== value) onSearch(next)
  })
  useEffect(() => {
    search(settled.trim())
  }, [settled])

  return (
    <div role="search" className={cn('relative', className)}>
      <SearchIcon
        aria-hidden
        className="pointer-events-none absolute top-1/2 left-3 size-4 -translate-y-1/2 text-muted-foreground"
      />
      <Input
        type="text"
        inputMode="search"
        aria-label={label}
        placeholder={label}
        value={text}
        className="px-9"
        onChange={(event) => {
          setText(event.target.value)
        }}
        // So that the screen's shortcuts work again.
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur()
        }}
      />
      {!text && (
        <span
          aria-hidden
          className="pointer-events-none absolute top-2 right-2 hidden md:block"
        >
          <Kbd>/</Kbd>
        </span>
      )}
      {text && (
        <Button
          variant="ghost"
          size="icon-small"
          aria-label="Clear search"
          className="absolute top-0.5 right-0.5 text-muted-foreground touch:inset-y-0 touch:right-0"
          onClick={() => {
            setText('')
          }}
        >
          <XIcon />
        </Button>
      )}
    </div>
  )
}
