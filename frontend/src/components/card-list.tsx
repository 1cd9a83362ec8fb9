import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'

import { cn } from '@/lib/cn'

import { ErrorNotice } from './notice'
import { Skeleton } from './ui/skeleton'

type CardListProps<Row> = {
  label: string
  query: {
    data: { results: Row[] } | undefined
    error: unknown
    refetch: () => Promise<unknown>
  }
  empty: ReactNode
  children: (row: Row) => ReactNode
  className?: string
}

/** A short list in a card: its rows, or that it is loading, empty or failed. */
export function CardList<Row>({
  label,
  query,
  empty,
  children,
  className,
}: CardListProps<Row>) {
  return (
    <div
      className={cn('overflow-hidden rounded-2xl border bg-card', className)}
    >
      {query.data ? (
        <Rows label={label} rows={query.data.results} empty={empty}>
          {children}
        </Rows>
      ) : (
        <Missing query={query} />
      )}
    </div>
  )
}

type RowsProps<Row> = Pick<
  CardListProps<Row>,
  'label' | 'empty' | 'children'
> & {
  rows: Row[]
}

function Rows<Row>({ label, rows, empty, children }: RowsProps<Row>) {
  if (rows.length === 0) return empty
  return (
    <ul aria-label={label} className="divide-y">
      {rows.map((row) => children(row))}
    </ul>
  )
}

function Missing({ query }: Pick<CardListProps<unknown>, 'query'>) {
  return query.error ? (
    <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
  ) : (
    <RowSkeletons />
  )
}

function RowSkeletons() {
  return (
    <div role="status" aria-label="Loading" className="divide-y">
      {['first', 'second', 'third'].map((each) => (
        <div key={each} className="flex items-center gap-3 px-4 py-3.5">
          <Skeleton className="size-4 rounded-full" />
          <div className="flex-1 space-y-2">
            <Skeleton className="h-3.5 w-3/5" />
            <Skeleton className="h-3 w-1/4" />
          </div>
        </div>
      ))}
    </div>
  )
}

type EmptyNoteProps = { icon: LucideIcon; children: ReactNode }

/** Says that a list is empty, where that needs no action. */
export function EmptyNote({ icon: Icon, children }: EmptyNoteProps) {
  return (
    <p className="flex items-center gap-3 px-4 py-6 text-sm text-muted-foreground">
      <Icon aria-hidden className="size-4 shrink-0" />
      {children}
    </p>
  )
}
