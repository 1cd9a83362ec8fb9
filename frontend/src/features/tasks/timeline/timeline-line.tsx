import { ChevronRightIcon } from 'lucide-react'
import { useState } from 'react'
import type { ReactNode } from 'react'

import { cn } from '@/lib/cn'
import { formatCompact, formatDuration } from '@/lib/format'

import type { Line } from './timeline'
import { LineDetail } from './timeline-detail'
import { lookOf } from './timeline-look'

/** One grid for the lines and their heading. */
export const lineColumns =
  'grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1.5 sm:grid-cols-[minmax(0,14rem)_minmax(0,1fr)_4.5rem_6rem]'

type Axis = { begin: number; length: number; now: number }

type TimelineLineProps = { line: Line; axis: Axis }

export function TimelineLine({ line, axis }: TimelineLineProps) {
  const [isOpen, setOpen] = useState(false)
  const isMark = line.kind === 'mark'
  const canOpen = line.kind === 'response' || line.kind === 'call'
  const content = (
    <>
      <LineLabel line={line} canOpen={canOpen} isOpen={isOpen} />
      {isMark && line.detail ? (
        <span className="col-span-2 text-xs wrap-anywhere text-muted-foreground sm:col-span-3">
          {line.detail}
        </span>
      ) : (
        <Measures line={line} axis={axis} />
      )}
    </>
  )
  const className = cn(lineColumns, 'w-full px-4 py-2.5 text-left')
  return (
    <li className="text-sm">
      {canOpen ? (
        <button
          type="button"
          aria-expanded={isOpen}
          className={cn(
            className,
            'transition-colors hover:bg-muted/60 focus-visible:-outline-offset-2',
          )}
          onClick={() => {
            setOpen(!isOpen)
          }}
        >
          {content}
        </button>
      ) : (
        <div className={className}>{content}</div>
      )}
      {isOpen && <LineDetail line={line} />}
    </li>
  )
}

type LineLabelProps = { line: Line; canOpen: boolean; isOpen: boolean }

function LineLabel({ line, canOpen, isOpen }: LineLabelProps) {
  const { icon: Icon, label, tone, isMono = false } = lookOf(line)
  return (
    <span className="flex min-w-0 items-center gap-2">
      <ChevronRightIcon
        aria-hidden
        className={cn(
          'size-3.5 shrink-0 text-muted-foreground transition-transform',
          isOpen && 'rotate-90',
          !canOpen && 'invisible',
        )}
      />
      <Icon aria-hidden className={cn('size-4 shrink-0', tone)} />
      <span
        className={cn('truncate', isMono && 'font-mono text-[0.8125rem]')}
        title={label}
      >
        {label}
      </span>
    </span>
  )
}

function Measures({ line, axis }: TimelineLineProps) {
  const took = (line.to ?? axis.now) - line.from
  return (
    <>
      <Bar line={line} axis={axis} />
      <span className="text-right text-xs text-muted-foreground tabular">
        {line.kind !== 'mark' && formatDuration(took, line.to === null)}
      </span>
      <span className="hidden text-right text-xs text-muted-foreground tabular sm:block">
        <LineTokens line={line} />
      </span>
    </>
  )
}

/** When it started and ended, on the scale of the whole task. */
function Bar({ line, axis }: TimelineLineProps) {
  const { bar } = lookOf(line)
  const percent = (value: number) => `${(value / axis.length) * 100}%`
  const took = Math.max(0, (line.to ?? axis.now) - line.from)
  return (
    <span
      aria-hidden
      className="relative order-last col-span-2 h-1.5 rounded-full bg-muted sm:order-none sm:col-span-1 sm:h-2"
    >
      <span
        className={cn(
          'absolute inset-y-0 min-w-1 rounded-full',
          bar,
          line.to === null && 'animate-pulse',
        )}
        style={{
          left: `min(${percent(line.from - axis.begin)}, calc(100% - 0.25rem))`,
          width: percent(took),
        }}
      />
    </span>
  )
}

function LineTokens({ line }: { line: Line }): ReactNode {
  if (line.kind !== 'response' || !line.step) return null
  const { input_tokens: input, output_tokens: output } = line.step
  return (
    <>
      {formatCompact(input)}
      <span className="sr-only"> input tokens,</span>
      <span aria-hidden> → </span>
      {formatCompact(output)}
      <span className="sr-only"> output tokens</span>
    </>
  )
}
