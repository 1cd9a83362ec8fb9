import { Slider as Primitive } from 'radix-ui'
import type { ComponentProps } from 'react'

import { cn } from '@/lib/cn'

export function Slider({
  className,
  'aria-label': label,
  'aria-describedby': describedBy,
  ...props
}: ComponentProps<typeof Primitive.Root>) {
  return (
    <Primitive.Root
      className={cn(
        'relative flex h-9 w-full touch-none items-center select-none data-disabled:opacity-50',
        className,
      )}
      {...props}
    >
      <Primitive.Track className="bg-input/60 relative h-1.5 w-full grow overflow-hidden rounded-full">
        <Primitive.Range className="bg-brand absolute h-full" />
      </Primitive.Track>
      <Primitive.Thumb
        aria-label={label}
        aria-describedby={describedBy}
        className="border-input hover:ring-ring/20 focus-visible:ring-ring/40 block size-4.5 rounded-full border bg-white shadow-sm transition-shadow outline-none hover:ring-4 focus-visible:ring-4 focus-visible:outline-none"
      />
    </Primitive.Root>
  )
}
