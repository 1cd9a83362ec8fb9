import { useId } from 'react'
import type { ReactNode } from 'react'

import { cn } from '@/lib/cn'

type SectionProps = {
  title: string
  description?: ReactNode
  aside?: ReactNode
  className?: string
  children: ReactNode
}

/** A section of a screen, with its heading. */
export function Section({ className, children, ...heading }: SectionProps) {
  const id = useId()
  return (
    <section aria-labelledby={id} className={cn('min-w-0', className)}>
      <SectionHeader
        id={id}
        className="mb-3 min-h-7 items-center"
        {...heading}
      />
      {children}
    </section>
  )
}

/** A section of the settings, in a card. */
export function SettingsCard({
  className,
  children,
  ...heading
}: SectionProps) {
  const id = useId()
  return (
    <section
      aria-labelledby={id}
      className={cn(
        'mb-6 overflow-hidden rounded-2xl border bg-card',
        className,
      )}
    >
      <SectionHeader
        id={id}
        className="items-start border-b px-4 py-4 sm:px-6"
        {...heading}
      />
      {children}
    </section>
  )
}

type SectionHeaderProps = Omit<SectionProps, 'children'> & { id: string }

function SectionHeader({
  id,
  title,
  description,
  aside,
  className,
}: SectionHeaderProps) {
  return (
    <header
      className={cn(
        'flex flex-wrap justify-between gap-x-4 gap-y-2',
        className,
      )}
    >
      <div className="min-w-0 flex-1">
        <h2 id={id} className="font-semibold tracking-tight">
          {title}
        </h2>
        {description && (
          <p className="text-sm text-muted-foreground">{description}</p>
        )}
      </div>
      {aside}
    </header>
  )
}
