import type { ReactNode } from 'react'

import { ErrorNotice } from '@/components/notice'
import { Skeleton } from '@/components/ui/skeleton'

type ToolListProps<Row> = {
  label: string
  rows: Row[] | undefined
  error: unknown
  onRetry: () => void
  empty: ReactNode
  children: (row: Row) => ReactNode
}

/** A list of definitions: its rows, or that it is loading, empty or failed. */
export function ToolList<Row>(props: ToolListProps<Row>) {
  return (
    <div className="overflow-hidden rounded-2xl border bg-card">
      <Content {...props} />
    </div>
  )
}

function Content<Row>({
  label,
  rows,
  error,
  onRetry,
  empty,
  children,
}: ToolListProps<Row>) {
  if (!rows) {
    return error ? (
      <ErrorNotice error={error} onRetry={onRetry} />
    ) : (
      <div role="status" aria-label="Loading" className="space-y-3 p-5">
        <Skeleton className="h-4 w-1/3" />
        <Skeleton className="h-3 w-2/3" />
      </div>
    )
  }
  if (rows.length === 0) return empty
  return (
    <ul aria-label={label} className="divide-y">
      {rows.map((row) => children(row))}
    </ul>
  )
}
