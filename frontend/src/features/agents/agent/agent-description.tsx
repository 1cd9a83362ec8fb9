import { useState } from 'react'

import { Button } from '@/components/ui/button'
import { cn } from '@/lib/cn'

// Roughly what fits into three lines.
const SHORT_CHARS = 240
const SHORT_LINES = 3

const isShort = (text: string) =>
  text.length <= SHORT_CHARS && text.split('\n').length <= SHORT_LINES

/** The description of an agent. A long one is folded to its first lines. */
export function AgentDescription({ text }: { text: string }) {
  const [isOpen, setIsOpen] = useState(false)
  if (isShort(text)) return <p className="whitespace-pre-line">{text}</p>
  return (
    <>
      <p className={cn('whitespace-pre-line', !isOpen && 'line-clamp-3')}>
        {text}
      </p>
      <Button
        variant="link"
        aria-expanded={isOpen}
        onClick={() => {
          setIsOpen(!isOpen)
        }}
      >
        {isOpen ? 'Show less' : 'Show more'}
      </Button>
    </>
  )
}
