import type { ReactNode } from 'react'

import { BusyButton } from '@/components/busy-button'
import { DiffLines, DiffWords } from '@/components/diff-lines'
import { UntrustedName } from '@/components/untrusted-text'
import { cn } from '@/lib/cn'
import { spelledOut } from '@/lib/hidden-characters'
import { diffLines, diffWords } from '@/lib/line-diff'
import { sortedJson } from '@/lib/sorted-json'

import type { ToolChange } from '../queries'
import { EFFECT_LABELS } from '../tool-facts'

const KINDS: Record<ToolChange['kind'], { label: string; className: string }> =
  {
    added: { label: 'Added', className: 'bg-completed/12 text-completed' },
    removed: { label: 'Removed', className: 'bg-failed/10 text-failed' },
    changed: { label: 'Changed', className: 'bg-waiting/12 text-waiting' },
  }

type ToolChangeItemProps = {
  change: ToolChange
  isBusy: boolean
  onDecide: (verb: 'accept' | 'dismiss') => void
}

/** One tool that differs from the accepted one. */
export function ToolChangeItem({
  change,
  isBusy,
  onDecide,
}: ToolChangeItemProps) {
  const { name, kind, is_dismissed } = change
  const { label, className } = KINDS[kind]
  const spelled = spelledOut(name)
  return (
    <li aria-label={spelled} className="space-y-4 px-5 py-5 sm:px-6">
      <header className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h3 className="flex min-w-0 flex-1 flex-wrap items-center gap-2">
          <code className="font-mono text-sm font-medium wrap-anywhere">
            <UntrustedName>{name}</UntrustedName>
          </code>
          <span
            className={cn(
              'rounded-full px-2 py-0.5 text-xs font-medium',
              className,
            )}
          >
            {label}
          </span>
          {is_dismissed && (
            <span className="text-xs text-muted-foreground">dismissed</span>
          )}
        </h3>
        <div className="flex gap-2">
          {!is_dismissed && (
            <BusyButton
              variant="ghost"
              size="small"
              isBusy={isBusy}
              aria-label={`Dismiss ${spelled}`}
              onClick={() => {
                onDecide('dismiss')
              }}
            >
              Dismiss
            </BusyButton>
          )}
          <BusyButton
            variant="outline"
            size="small"
            isBusy={isBusy}
            aria-label={`Accept ${spelled}`}
            onClick={() => {
              onDecide('accept')
            }}
          >
            Accept
          </BusyButton>
        </div>
      </header>
      <Differences change={change} />
    </li>
  )
}

function Differences({ change }: { change: ToolChange }) {
  const { before, after } = change
  return (
    <>
      <Part title="Description">
        <Description
          before={before?.description ?? ''}
          after={after?.description ?? ''}
        />
      </Part>
      <Part title="Arguments">
        <Arguments before={schemaOf(before)} after={schemaOf(after)} />
      </Part>
      <Claims
        before={before?.suggested_effect}
        after={after?.suggested_effect}
      />
    </>
  )
}

const schemaOf = (tool: ToolChange['before']) =>
  tool ? sortedJson(tool.parameters) : ''

type Texts = { before: string; after: string }

function Description({ before, after }: Texts) {
  const words = diffWords(before, after)
  return words.length > 0 ? (
    <DiffWords words={words} />
  ) : (
    <p className="text-sm text-muted-foreground">None.</p>
  )
}

const Arguments = ({ before, after }: Texts) =>
  before === after ? (
    <p className="text-sm text-muted-foreground">Unchanged.</p>
  ) : (
    <DiffLines lines={diffLines(before, after)} />
  )

type Effect = NonNullable<ToolChange['after']>['suggested_effect']
type ClaimsProps = { before: Effect | undefined; after: Effect | undefined }

function Claims({ before, after }: ClaimsProps) {
  if (before === after || !after) return null
  return (
    <Part title="What the server claims about its effect">
      <p className="text-sm">
        {before && (
          <>
            <del>{EFFECT_LABELS[before]}</del>
            {' → '}
          </>
        )}
        {EFFECT_LABELS[after]}
      </p>
    </Part>
  )
}

type PartProps = { title: string; children: ReactNode }

const Part = ({ title, children }: PartProps) => (
  <section aria-label={title}>
    <h4 className="mb-1.5 text-xs text-muted-foreground">{title}</h4>
    {children}
  </section>
)
