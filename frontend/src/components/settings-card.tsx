import { useId } from 'react'
import type { ReactNode } from 'react'

type SettingsCardProps = {
  title: string
  lead?: ReactNode
  aside?: ReactNode
  children: ReactNode
}

/** One matter of the settings. */
export function SettingsCard({
  title,
  lead,
  aside,
  children,
}: SettingsCardProps) {
  const id = useId()
  return (
    <section
      aria-labelledby={id}
      className="mb-6 overflow-hidden rounded-2xl border bg-card"
    >
      <header className="flex flex-wrap items-start justify-between gap-3 border-b px-4 py-4 sm:px-6">
        <div className="min-w-0 flex-1">
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
