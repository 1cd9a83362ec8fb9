import {
  CircleAlertIcon,
  CircleCheckIcon,
  CircleDashedIcon,
  CirclePauseIcon,
  CircleSlashIcon,
  LoaderCircleIcon,
} from 'lucide-react'
import type { LucideIcon } from 'lucide-react'

import type { Schemas } from '@/lib/api/client'
import { cn } from '@/lib/cn'

export type Status = Schemas['TaskRow']['status']

/** The new status of each task that changed; `all` where any may have changed. */
export type StatusChanges = ReadonlyMap<number, Status> | 'all'

type Look = { label: string; icon: LucideIcon; text: string; tint: string }

const LOOKS: Record<Status, Look> = {
  pending: {
    label: 'Pending',
    icon: CircleDashedIcon,
    text: 'text-pending',
    tint: 'bg-pending/10',
  },
  running: {
    label: 'Running',
    icon: LoaderCircleIcon,
    text: 'text-running',
    tint: 'bg-running/10',
  },
  waiting: {
    label: 'Waiting',
    icon: CirclePauseIcon,
    text: 'text-waiting',
    tint: 'bg-waiting/12',
  },
  completed: {
    label: 'Completed',
    icon: CircleCheckIcon,
    text: 'text-completed',
    tint: 'bg-completed/10',
  },
  failed: {
    label: 'Failed',
    icon: CircleAlertIcon,
    text: 'text-failed',
    tint: 'bg-failed/10',
  },
  cancelled: {
    label: 'Cancelled',
    icon: CircleSlashIcon,
    text: 'text-cancelled',
    tint: 'bg-cancelled/10',
  },
}

export const STATUSES = Object.keys(LOOKS) as Status[]

const LIVE: Status[] = ['pending', 'running', 'waiting']

/** Whether a task with this status has not finished. */
export const isLive = (status: Status) => LIVE.includes(status)

export const statusLabel = (status: Status) => LOOKS[status].label

type StatusProps = { status: Status; className?: string }

/** The shape shows the status as much as the colour does. */
export function StatusIcon({ status, className }: StatusProps) {
  const { icon: Icon, text, label } = LOOKS[status]
  return (
    <Icon
      role="img"
      aria-label={label}
      className={cn(
        'size-4 shrink-0',
        text,
        status === 'running' && 'animate-spin',
        className,
      )}
    />
  )
}

export function StatusBadge({ status, className }: StatusProps) {
  const { icon: Icon, text, tint, label } = LOOKS[status]
  return (
    <span
      className={cn(
        'inline-flex h-6 items-center gap-1.5 rounded-full px-2 text-xs font-medium',
        text,
        tint,
        className,
      )}
    >
      <Icon
        aria-hidden
        className={cn('size-3.5', status === 'running' && 'animate-spin')}
      />
      {label}
    </span>
  )
}
