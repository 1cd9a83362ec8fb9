import { useQuery } from '@tanstack/react-query'
import {
  CircleAlertIcon,
  CircleCheckIcon,
  CircleStopIcon,
  ClockAlertIcon,
  ServerOffIcon,
} from 'lucide-react'

import { EmptyNote } from '@/components/card-list'
import { ErrorNotice } from '@/components/notice'
import { RelativeTime } from '@/components/times'
import { Skeleton } from '@/components/ui/skeleton'
import { formatDuration, formatExact, formatNumber } from '@/lib/format'

import { workersQuery } from './queries'
import type { Worker } from './queries'

const STATES = {
  alive: { label: 'Alive', icon: CircleCheckIcon, text: 'text-completed' },
  stopped: {
    label: 'Stopped',
    icon: CircleStopIcon,
    text: 'text-muted-foreground',
  },
  lost: { label: 'Lost', icon: CircleAlertIcon, text: 'text-failed' },
}

function stateOf({ is_alive, has_stopped }: Worker) {
  if (is_alive) return STATES.alive
  return has_stopped ? STATES.stopped : STATES.lost
}

function clockNote(offsetSeconds: number) {
  const duration = formatDuration(Math.abs(offsetSeconds) * 1000, true)
  const direction = offsetSeconds > 0 ? 'ahead of' : 'behind'
  return `The clock of this machine is ${duration} ${direction} the database’s. Synchronize it (NTP).`
}

export function Workers() {
  const { data, error, refetch } = useQuery(workersQuery())
  if (!data) {
    return error ? (
      <ErrorNotice error={error} onRetry={() => void refetch()} />
    ) : (
      <div role="status" aria-label="Loading" className="p-6">
        <Skeleton className="h-9 w-full" />
      </div>
    )
  }
  if (data.length === 0) {
    return (
      <EmptyNote icon={ServerOffIcon}>
        No workers in the last 24 hours.
      </EmptyNote>
    )
  }
  return (
    <ul aria-label="Workers" className="divide-y">
      {data.map((worker) => (
        <WorkerItem key={worker.id} worker={worker} />
      ))}
    </ul>
  )
}

function WorkerItem({ worker }: { worker: Worker }) {
  const { label, icon: Icon, text } = stateOf(worker)
  return (
    <li className="flex items-start gap-3 px-4 py-3 sm:px-6">
      <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${text}`} />
      <div className="min-w-0 flex-1">
        <p className="font-mono text-sm wrap-anywhere">{worker.name}</p>
        <p className="text-xs text-muted-foreground">
          <span className={text}>{label}</span> · started{' '}
          <RelativeTime time={worker.started_at} />
          {worker.is_alive ? (
            <> · lease until {formatExact(worker.lease_until)}</>
          ) : (
            worker.lost_at && (
              <>
                {' · ended '}
                <RelativeTime time={worker.lost_at} />
              </>
            )
          )}
        </p>
        {worker.is_alive && worker.has_wrong_clock && (
          <p className="flex items-start gap-1.5 text-xs text-waiting">
            <ClockAlertIcon aria-hidden className="mt-0.5 size-3 shrink-0" />
            {clockNote(worker.clock_offset_seconds)}
          </p>
        )}
      </div>
      <p className="shrink-0 text-right text-xs text-muted-foreground tabular">
        <span className="text-sm text-foreground">
          {formatNumber(worker.running)}
        </span>{' '}
        of {formatNumber(worker.capacity)}
      </p>
    </li>
  )
}
