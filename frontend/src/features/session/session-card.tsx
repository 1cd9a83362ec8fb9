import type { ReactNode } from 'react'

import { LogoMark } from '@/components/logo'
import { useTitle } from '@/lib/use-title'

type SessionCardProps = {
  title: string
  lead: ReactNode
  children: ReactNode
  below: ReactNode
}

export function SessionCard({
  title,
  lead,
  children,
  below,
}: SessionCardProps) {
  useTitle(title)
  return (
    <main className="flex min-h-dvh flex-col items-center justify-center px-4 py-10">
      <div className="w-full max-w-95">
        <div className="mb-7 flex flex-col items-center text-center">
          <LogoMark className="size-11" />
          <h1 className="mt-5 text-xl font-semibold tracking-tight">{title}</h1>
          <p className="mt-1 text-sm text-balance text-muted-foreground">
            {lead}
          </p>
        </div>
        <div className="rounded-2xl border bg-card p-5 shadow-xs sm:p-6">
          {children}
        </div>
        {below && (
          <p className="mt-5 text-center text-sm text-muted-foreground">
            {below}
          </p>
        )}
      </div>
    </main>
  )
}

/** An error that concerns the form as a whole. */
export function FormError({ message }: { message: string | undefined }) {
  if (!message) return null
  return (
    <p
      role="alert"
      className="rounded-lg bg-failed/10 px-3 py-2 text-sm text-failed"
    >
      {message}
    </p>
  )
}
