import type { ReactNode } from 'react'

/** The words that can be said to a call: in a row, and on a phone the first above the rest. */
export function Choices({ children }: { children: ReactNode }) {
  return (
    <div className="flex flex-wrap gap-2 max-sm:*:grow max-sm:*:first:basis-full">
      {children}
    </div>
  )
}
