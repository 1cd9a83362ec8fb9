import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { MoonStarIcon } from 'lucide-react'

import { CardList, Quiet } from '@/components/card-list'
import { Section } from '@/components/section'
import { StatusIcon } from '@/components/status'
import { Duration, RelativeTime } from '@/components/times'
import { Button } from '@/components/ui/button'
import { formatCount } from '@/lib/format'

import { liveTasksQuery } from '../queries'
import type { TaskRow } from '../queries'

/** What runs now, and what is about to. */
export function LiveTasks({ className }: { className?: string }) {
  const query = useQuery(liveTasksQuery())
  const { count = 0, results = [] } = query.data ?? {}
  return (
    <Section
      title="Running now"
      {...(className ? { className } : {})}
      aside={
        count > results.length && (
          <Button variant="link" asChild>
            <Link to="/tasks" search={{ status: ['running', 'pending'] }}>
              All {formatCount(count, 'task', query.data?.count_is_exact)}
            </Link>
          </Button>
        )
      }
    >
      <CardList
        label="Running now"
        query={query}
        empty={<Quiet icon={MoonStarIcon}>Nothing runs just now.</Quiet>}
      >
        {(row) => <LiveTask key={row.id} row={row} />}
      </CardList>
    </Section>
  )
}

function LiveTask({ row }: { row: TaskRow }) {
  return (
    <li className="relative flex items-center gap-3 px-4 py-2.5 transition-colors hover:bg-muted/70">
      <StatusIcon status={row.status} />
      <div className="min-w-0 flex-1">
        <Link
          to="/tasks/$taskId"
          params={{ taskId: String(row.id) }}
          className="block truncate text-sm font-medium after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-ring"
        >
          {row.input_excerpt}
        </Link>
        <p className="truncate text-xs text-muted-foreground">
          {row.agent_name}
        </p>
      </div>
      <span className="shrink-0 text-xs text-muted-foreground">
        {row.status === 'running' && row.started_at ? (
          <Duration from={row.started_at} to={null} />
        ) : (
          <RelativeTime time={row.created_at} />
        )}
      </span>
    </li>
  )
}
