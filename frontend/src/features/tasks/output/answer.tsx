import { lazy, Suspense } from 'react'

import { cn } from '@/lib/cn'
import { useThrottled } from '@/lib/use-throttled'

const Markdown = lazy(() =>
  import('@/components/markdown').then(({ Markdown }) => ({
    default: Markdown,
  })),
)

/** A growing answer is rendered this often: as fast as one reads. */
const RENDER_MILLISECONDS = 80

type AnswerProps = { text: string; isGrowing?: boolean; className?: string }

/** What a model said, rendered. */
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
