import { cn } from '@/lib/cn'
import type { DiffLine } from '@/lib/line-diff'

import { UntrustedText } from './untrusted-text'

const LOOKS: Record<
  DiffLine['kind'],
  { sign: string; word: string; className: string }
> = {
  same: { sign: ' ', word: '', className: 'text-muted-foreground' },
  removed: { sign: '−', word: 'removed: ', className: 'bg-failed/10' },
  added: { sign: '+', word: 'added: ', className: 'bg-completed/12' },
}

/** A text with the lines that were removed and added. */
export function DiffLines({ lines }: { lines: DiffLine[] }) {
  return (
    <ol className="overflow-hidden rounded-xl border py-1.5 font-mono text-xs leading-relaxed">
      {lines.map(({ kind, text }, index) => {
        const { sign, word, className } = LOOKS[kind]
        return (
          <li
            key={index}
            className={cn('grid grid-cols-[2rem_1fr] pr-3.5', className)}
          >
            <span aria-hidden className="text-center select-none">
              {sign}
            </span>
            <span className="min-h-lh wrap-anywhere whitespace-pre-wrap">
              {word && <span className="sr-only">{word}</span>}
              <UntrustedText>{text}</UntrustedText>
            </span>
          </li>
        )
      })}
    </ol>
  )
}

/** A paragraph with the words that were removed and added, in place. */
export function DiffWords({ words }: { words: DiffLine[] }) {
  return (
    <p className="text-sm wrap-anywhere whitespace-pre-wrap">
      {words.map(({ kind, text }, index) => {
        const content = <UntrustedText>{text}</UntrustedText>
        if (kind === 'removed') {
          return (
            <del key={index} className="rounded-sm bg-failed/12">
              {content}
            </del>
          )
        }
        return kind === 'added' ? (
          <ins key={index} className="rounded-sm bg-completed/15 no-underline">
            {content}
          </ins>
        ) : (
          <span key={index}>{content}</span>
        )
      })}
    </p>
  )
}
