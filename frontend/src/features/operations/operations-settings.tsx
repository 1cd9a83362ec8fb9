import { useQuery } from '@tanstack/react-query'

import { ErrorNotice } from '@/components/notice'
import { SettingsCard } from '@/components/section'
import { Skeleton } from '@/components/ui/skeleton'
import { formatDuration, formatNumber } from '@/lib/format'

import { InterventionForm } from './intervention-form'
import { queueQuery } from './queries'
import type { Queue } from './queries'
import { Workers } from './workers'

/** For staff: the queue, the workers, and how to intervene. */
export function OperationsSettings() {
  return (
    <>
      <SettingsCard
        title="Queue"
        description="The tasks of all users, updated every five seconds."
      >
        <QueueState />
      </SettingsCard>
      <SettingsCard
        title="Workers"
        description="Live workers, and those of the last 24 hours."
      >
        <Workers />
      </SettingsCard>
      <SettingsCard
        title="Intervene"
        description="Requeue the tasks of any user, or mark them as failed."
      >
        <InterventionForm />
      </SettingsCard>
    </>
  )
}

function QueueState() {
  const { data, error, refetch } = useQuery(queueQuery())
  if (data) return <Figures queue={data} />
  return error ? (
    <ErrorNotice error={error} onRetry={() => void refetch()} />
  ) : (
    <div role="status" aria-label="Loading" className="p-6">
      <Skeleton className="h-24 w-full" />
    </div>
  )
}

type Figure = { label: string; value: string; hint?: string }

function figuresOf({
  depth,
  oldest,
  workers,
  recovered,
  lost,
}: Queue): Figure[] {
  const byPriority = depth.priorities
    .map(({ priority, count }) => `${count} at ${priority}`)
    .join(', ')
  return [
    {
      label: 'Ready to run',
      value: formatNumber(depth.due),
      ...(depth.priorities.length > 1 ? { hint: byPriority } : {}),
    },
    {
      label: 'Oldest ready task',
      value: oldest ? formatDuration(oldest.age_seconds * 1000) : '–',
      ...(oldest ? { hint: `task ${oldest.task}` } : {}),
    },
    { label: 'Scheduled', value: formatNumber(depth.not_due) },
    {
      label: 'Running',
      value: formatNumber(depth.running),
      hint: `capacity ${formatNumber(workers.capacity)}`,
    },
    { label: 'Waiting', value: formatNumber(depth.waiting) },
    { label: 'Workers alive', value: formatNumber(workers.alive) },
    {
      label: 'Recovered',
      value: formatNumber(recovered.hour),
      hint: `last hour; ${formatNumber(recovered.day)} in 24 hours`,
    },
    {
      label: 'Lost',
      value: formatNumber(lost.hour),
      hint: `last hour; ${formatNumber(lost.day)} in 24 hours`,
    },
  ]
}

function Figures({ queue }: { queue: Queue }) {
  return (
    <dl className="grid grid-cols-2 gap-px bg-border sm:grid-cols-4">
      {figuresOf(queue).map(({ label, value, hint }) => (
        <div key={label} className="bg-card px-4 py-3.5 sm:px-6">
          <dt className="text-xs text-muted-foreground">{label}</dt>
          <dd className="text-lg font-semibold tracking-tight tabular">
            {value}
            {hint && (
              <span className="block text-xs font-normal tracking-normal text-muted-foreground">
                {hint}
              </span>
            )}
          </dd>
        </div>
      ))}
    </dl>
  )
}
