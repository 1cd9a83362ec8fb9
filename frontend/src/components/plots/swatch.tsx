import { cn } from '@/lib/cn'

import type { Look } from './plot'

// Tailwind only finds class names that are written out.
export const FILLS: Record<Look, string> = {
  completed: 'bg-completed/75',
  failed: 'plot-stripes bg-failed text-card',
  cancelled: 'plot-dots bg-cancelled/25 text-cancelled',
  first: 'bg-brand/80',
  second: 'plot-stripes bg-brand/45 text-card',
}

export const STROKES: Record<Look, { line: string; dot: string }> = {
  completed: { line: 'stroke-completed', dot: 'bg-completed' },
  failed: { line: 'stroke-failed', dot: 'bg-failed' },
  cancelled: { line: 'stroke-cancelled', dot: 'bg-cancelled' },
  first: { line: 'stroke-brand', dot: 'bg-brand' },
  second: {
    line: 'stroke-waiting [stroke-dasharray:5_4]',
    dot: 'bg-waiting',
  },
}

type SwatchProps = { look: Look; kind: 'bars' | 'lines' }

/** The look of a series, for a legend. */
export function Swatch({ look, kind }: SwatchProps) {
  return kind === 'bars' ? (
    <span aria-hidden className={cn('size-2.5 rounded-[3px]', FILLS[look])} />
  ) : (
    <svg aria-hidden viewBox="0 0 16 8" className="h-2 w-4">
      <path
        d="M0 4H16"
        className={cn('fill-none stroke-2', STROKES[look].line)}
      />
    </svg>
  )
}
