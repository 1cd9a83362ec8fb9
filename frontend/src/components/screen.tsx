import type { ReactNode } from 'react'

import { cn } from '@/lib/cn'
import { useTitle } from '@/lib/use-title'

type ScreenProps = {
  title: string
  heading?: ReactNode
  description?: ReactNode
  above?: ReactNode
  actions?: ReactNode
  children: ReactNode
}

/** One screen: its heading, its actions and its content. */
export function Screen({
  title,
  heading,
  description,
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
            // With a breadcrumb above, the heading takes the whole width of a phone.
            above && 'basis-full sm:basis-0',
          )}
        >
          <h1 className="text-xl leading-8 font-semibold tracking-tight wrap-anywhere">
            {heading ?? title}
          </h1>
          {description && (
            <div className="text-sm wrap-anywhere text-muted-foreground">
              {description}
            </div>
          )}
        </div>
        {actions && (
          <div className="flex max-w-full shrink-0 flex-wrap items-center gap-2">
            {actions}
          </div>
        )}
      </header>
      {children}
    </div>
  )
}
