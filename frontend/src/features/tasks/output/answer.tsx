import { lazy, Suspense } from 'react'

import { cn } from '@/lib/cn'
import { useThrottled } from '@/lib/use-throttled'

const Markdown = lazy(() =>
  import('@/components/markdown').then(({ Markdown }) => ({
    default: Markdown,
  })),
)

/** How often a growing answer is rendered: as fast as people read. */
const RENDER_MILLISECONDS = 80

type AnswerProps = { text: string; isGrowing?: boolean; className?: string }

/** The text of a model, rendered as Markdown. */
export function Answer({ text, isGrowing = false, className }: AnswerProps) {
  const throttled = useThrottled(text, RENDER_MILLISECONDS)
  const shown = isGrowing ? throttled : text
  return (
    <div
      data-growing={isGrowing || undefined}
      className={cn('answer', className)}
    >
      <Suspense
        fallback={<p className="wrap-anywhere whitespace-pre-wrap">{shown}</p>}
      >
        <Markdown text={shown} />
      </Suspense>
    </div>
  )
}
