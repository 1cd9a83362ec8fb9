import { CloudOffIcon, RotateCwIcon, SearchXIcon } from 'lucide-react'
import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'

import { asProblem } from '@/lib/api/problem'

import { Button } from './ui/button'

type NoticeProps = {
  icon: LucideIcon
  title: string
  children: ReactNode
  action?: ReactNode
  /** `h1` on a screen that shows nothing else. */
  heading?: 'h1' | 'h2'
}

/** Fills a list or a screen that has nothing to show. */
export function Notice({
  icon: Icon,
  title,
  children,
  action,
  heading: Heading = 'h2',
}: NoticeProps) {
  return (
    <div className="flex flex-col items-center px-6 py-14 text-center sm:py-20">
      <div className="mb-4 grid size-11 place-items-center rounded-xl border bg-muted text-muted-foreground">
        <Icon aria-hidden className="size-5" />
      </div>
      <Heading className="font-semibold tracking-tight">{title}</Heading>
      <p className="mt-1 max-w-sm text-sm text-balance text-muted-foreground">
        {children}
      </p>
      {action && <div className="mt-5">{action}</div>}
    </div>
  )
}

type ErrorNoticeProps = {
  error: unknown
  onRetry: () => void
  /** Shown instead of the retry button for something that does not exist. */
  fallbackAction?: ReactNode
}

/** Says why loading failed, in the server's own sentence, with a retry button. */
export function ErrorNotice({
  error,
  onRetry,
  fallbackAction,
}: ErrorNoticeProps) {
  const problem = asProblem(error)
  const isMissing = problem.status === 404
  return (
    <div role="alert">
      <Notice
        icon={isMissing ? SearchXIcon : CloudOffIcon}
        title={isMissing ? 'Not found' : 'Loading failed'}
        action={
          isMissing && fallbackAction ? (
            fallbackAction
          ) : (
            <Button variant="outline" onClick={onRetry}>
              <RotateCwIcon />
              Try again
            </Button>
          )
        }
      >
        {isMissing
          ? 'It does not exist, it was deleted, or it belongs to someone else.'
          : problem.detail}
      </Notice>
    </div>
  )
}
