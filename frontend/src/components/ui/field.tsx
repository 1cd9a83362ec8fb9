import { useId } from 'react'
import type { ReactNode } from 'react'

import { cn } from '@/lib/cn'

/** Props of a field's control, which connect it to the label, the hint and the error. */
export type ControlProps = {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': boolean
}

type FieldProps = {
  label: ReactNode
  hint?: ReactNode
  error?: string | undefined
  aside?: ReactNode
  className?: string
  children: (control: ControlProps) => ReactNode
}

export function Field({
  label,
  hint,
  error,
  aside,
  className,
  children,
}: FieldProps) {
  const id = useId()
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(
    Boolean,
  )
  return (
    <div className={cn('space-y-1.5', className)}>
      <div className="flex items-baseline justify-between gap-3">
        <label htmlFor={id} className="text-sm font-medium">
          {label}
        </label>
        {aside}
      </div>
      {children({
        id,
        'aria-describedby': described.join(' ') || undefined,
        'aria-invalid': Boolean(error),
      })}
      {hint && (
        <p id={`${id}-hint`} className="text-xs text-muted-foreground">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} role="alert" className="text-xs text-destructive">
          {error}
        </p>
      )}
    </div>
  )
}
