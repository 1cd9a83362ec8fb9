import type { ReactNode } from 'react'

import { cn } from '@/lib/cn'
import { useTitle } from '@/lib/use-title'

type ScreenProps = {
  title: string
  heading?: ReactNode
  lead?: ReactNode
  above?: ReactNode
  actions?: ReactNode
  children: ReactNode
}

/** One screen: its heading, what can be done with it as a whole, and its content. */
export function Screen({
  title,
  heading,
  lead,
  above,
  actions,
  children,
}: ScreenProps) {
  useTitle(title)
  return (
    <div className="mx-auto w-full max-w-6xl px-4 py-5 sm:px-6 sm:py-8 lg:px-10">
      {above}
      <header className="mb-5 flex min-h-9 flex-wrap items-start gap-x-4 gap-y-3 sm:mb-6">
        <div
          className={cn(
            'min-w-0 flex-1',
            // A thing's own name and state take a phone's whole width.
            above && 'basis-full sm:basis-0',
          )}
        >
          <h1 className="text-xl leading-8 font-semibold tracking-tight wrap-anywhere">
            {heading ?? title}
          </h1>
          {lead && (
            <div className="text-sm wrap-anywhere text-muted-foreground">
              {lead}
            </div>
          )}
        </div>
        {actions && (
          <div className="flex shrink-0 flex-wrap items-center gap-2">
            {actions}
          </div>
        )}
      </header>
      {children}
    </div>
  )
}
