import { useId } from 'react'
import type { ReactNode } from 'react'

import { cn } from '@/lib/cn'

type SectionProps = {
  title: ReactNode
  lead?: ReactNode
  aside?: ReactNode
  className?: string
  children: ReactNode
}

/** A part of a screen, with its heading. */
export function Section({
  title,
  lead,
  aside,
  className,
  children,
}: SectionProps) {
  const id = useId()
  return (
    <section aria-labelledby={id} className={cn('min-w-0', className)}>
      <header className="mb-3 flex min-h-7 flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          <h2 id={id} className="font-semibold tracking-tight">
            {title}
          </h2>
          {lead && <p className="text-sm text-muted-foreground">{lead}</p>}
        </div>
        {aside}
      </header>
      {children}
    </section>
  )
}
