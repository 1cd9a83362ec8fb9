import { Link, useRouter } from '@tanstack/react-router'
import type { ErrorComponentProps } from '@tanstack/react-router'
import { CompassIcon } from 'lucide-react'

import { LogoMark } from '@/components/logo'
import { ErrorNotice, Notice } from '@/components/notice'
import { Button } from '@/components/ui/button'
import { useTitle } from '@/lib/use-title'

/** Shown until it is known who is signed in. */
export function AppPending() {
  return (
    <div
      role="status"
      aria-label="Loading"
      className="grid min-h-dvh place-items-center"
    >
      <LogoMark className="size-10 animate-pulse" />
    </div>
  )
}

export function ScreenError({ error }: ErrorComponentProps) {
  const router = useRouter()
  return (
    <div className="grid min-h-[60dvh] place-items-center">
      <ErrorNotice error={error} onRetry={() => void router.invalidate()} />
    </div>
  )
}

export function NotFoundScreen() {
  useTitle('Not found')
  return (
    <div className="grid min-h-[70dvh] place-items-center">
      <Notice
        icon={CompassIcon}
        heading="h1"
        title="Page not found"
        action={
          <Button asChild variant="outline">
            <Link to="/">Go to Home</Link>
          </Button>
        }
      >
        The address may be mistyped, or the page may have moved.
      </Notice>
    </div>
  )
}
