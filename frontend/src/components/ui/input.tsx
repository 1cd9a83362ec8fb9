import type { ComponentProps } from 'react'

import { cn } from '@/lib/cn'

/** The look of every text field. Phones zoom into text smaller than 16 px. */
export const fieldClassName =
  'w-full min-w-0 rounded-lg border border-input bg-card px-3 text-base shadow-xs transition-[border-color,box-shadow] outline-none placeholder:text-muted-foreground/90 focus-visible:border-ring focus-visible:ring-3 focus-visible:ring-ring/25 focus-visible:outline-none disabled:opacity-60 aria-invalid:border-destructive aria-invalid:ring-destructive/20 sm:text-sm'

export function Input({ className, ...props }: ComponentProps<'input'>) {
  return (
    <input
      className={cn(fieldClassName, 'h-9 touch:h-10', className)}
      {...props}
    />
  )
}

export function Textarea({ className, ...props }: ComponentProps<'textarea'>) {
  return (
    <textarea
      className={cn(fieldClassName, 'min-h-20 py-2 leading-relaxed', className)}
      {...props}
    />
  )
}
