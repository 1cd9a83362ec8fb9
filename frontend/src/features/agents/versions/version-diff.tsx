import { ArrowRightIcon } from 'lucide-react'

import { DiffLines } from '@/components/diff-lines'

import type { AgentVersion } from '../queries'
import { fieldChanges, textChanges } from './version-changes'

type VersionDiffProps = { before: AgentVersion; after: AgentVersion }

/** The differences between two versions. */
export function VersionDiff({ before, after }: VersionDiffProps) {
  const fields = fieldChanges(before, after)
  const texts = textChanges(before, after)
  if (fields.length === 0 && texts.length === 0) {
    return (
      <p className="py-6 text-center text-sm text-muted-foreground">
        These versions are identical.
      </p>
    )
  }
  return (
    <div className="space-y-5">
      {fields.length > 0 && (
        <dl className="divide-y rounded-xl border text-sm">
          {fields.map(({ label, before: old, after: next }) => (
            <div
              key={label}
              className="grid gap-x-4 gap-y-1 px-3.5 py-2.5 sm:grid-cols-[8rem_1fr]"
            >
              <dt className="text-muted-foreground">{label}</dt>
              <dd className="flex flex-wrap items-center gap-2 wrap-anywhere">
                <del className="text-muted-foreground">{old}</del>
                <ArrowRightIcon aria-hidden className="size-3.5 shrink-0" />
                <ins className="font-medium no-underline">{next}</ins>
              </dd>
            </div>
          ))}
        </dl>
      )}
      {texts.map(({ label, lines }) => (
        <section key={label} aria-label={label}>
          <h3 className="mb-1.5 text-sm font-medium">{label}</h3>
          <DiffLines lines={lines} />
        </section>
      ))}
    </div>
  )
}
