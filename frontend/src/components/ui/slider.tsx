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
        'relative flex h-9 w-full touch-none items-center select-none data-disabled:opacity-50 touch:h-10',
        className,
      )}
      {...props}
    >
      <Primitive.Track className="relative h-1.5 w-full grow overflow-hidden rounded-full bg-input/60">
        <Primitive.Range className="absolute h-full bg-brand" />
      </Primitive.Track>
      <Primitive.Thumb
        aria-label={label}
        aria-describedby={describedBy}
        className="block size-4.5 rounded-full border border-input bg-white shadow-sm transition-shadow outline-none hover:ring-4 hover:ring-ring/20 focus-visible:ring-4 focus-visible:ring-ring/40 focus-visible:outline-none touch:size-6"
      />
    </Primitive.Root>
  )
}
