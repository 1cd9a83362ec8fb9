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
  /** A screen that shows nothing else has its heading here. */
  heading?: 'h1' | 'h2'
}

/** What stands where a list or a screen has nothing to show. */
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
  /** Where to go from something that does not exist. */
  wayOn?: ReactNode
}

/** A failed load, in the problem's own sentence, with a way to try again. */
export function ErrorNotice({ error, onRetry, wayOn }: ErrorNoticeProps) {
  const problem = asProblem(error)
  const isMissing = problem.status === 404
  return (
    <div role="alert">
      <Notice
        icon={isMissing ? SearchXIcon : CloudOffIcon}
        title={isMissing ? 'Not found' : 'This could not be loaded'}
        action={
          isMissing && wayOn ? (
            wayOn
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
