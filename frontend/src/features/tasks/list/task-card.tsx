import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'

import { CardList } from '@/components/card-list'
import { rowLinkClassName } from '@/components/row-link'
import { Section } from '@/components/section'
import { StatusIcon } from '@/components/status'
import type { Status } from '@/components/status'
import { Button } from '@/components/ui/button'
import { cn } from '@/lib/cn'
import { formatCount, formatInput } from '@/lib/format'

import type { TaskPageQuery, TaskRow } from '../queries'

type TaskCardProps = {
  title: string
  query: TaskPageQuery
  /** The filter of the link to all of them. */
  statuses: Status[]
  empty: ReactNode
  children: (row: TaskRow) => ReactNode
}

/** A short list of tasks on Home, with a link to all that match. */
export function TaskCard({
  title,
  query: options,
  statuses,
  empty,
  children,
}: TaskCardProps) {
  const query = useQuery(options)
  const { count = 0, results = [] } = query.data ?? {}
  return (
    <Section
      title={title}
      aside={
        count > results.length && (
          <Button variant="link" asChild>
            <Link to="/tasks" search={{ status: statuses }}>
              See all {formatCount(count, 'task', query.data?.count_is_exact)}
            </Link>
          </Button>
        )
      }
    >
      <CardList label={title} query={query} empty={empty}>
        {children}
      </CardList>
    </Section>
  )
}

type TaskCardRowProps = {
  row: TaskRow
  /** Below the input. */
  children: ReactNode
  aside: ReactNode
  className?: string
}

export function TaskCardRow({
  row,
  children,
  aside,
  className,
}: TaskCardRowProps) {
  return (
    <li
      className={cn(
        'relative flex items-start gap-3 px-4 py-2.5 transition-colors hover:bg-muted/70',
        className,
      )}
    >
      <StatusIcon status={row.status} className="mt-0.5" />
      <div className="min-w-0 flex-1">
        <Link
          to="/tasks/$taskId"
          params={{ taskId: String(row.id) }}
          className={rowLinkClassName}
        >
          {formatInput(row)}
        </Link>
        {children}
      </div>
      {aside}
    </li>
  )
}
