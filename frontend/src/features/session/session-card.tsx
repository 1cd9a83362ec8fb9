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
          <p className="text-muted-foreground mt-1 text-sm text-balance">
            {lead}
          </p>
        </div>
        <div className="bg-card rounded-2xl border p-5 shadow-xs sm:p-6">
          {children}
        </div>
        <p className="text-muted-foreground mt-5 text-center text-sm">
          {below}
        </p>
      </div>
    </main>
  )
}

/** The sentence about a form as a whole. */
export function FormError({ message }: { message: string | undefined }) {
  if (!message) return null
  return (
    <p
      role="alert"
      className="bg-failed/10 text-failed rounded-lg px-3 py-2 text-sm"
    >
      {message}
    </p>
  )
}
