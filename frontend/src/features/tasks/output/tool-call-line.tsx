import {
  ChevronRightIcon,
  CircleAlertIcon,
  CircleCheckIcon,
  CirclePauseIcon,
  CircleSlashIcon,
  LoaderCircleIcon,
} from 'lucide-react'

import { CodeBlock } from '@/components/code-block'
import { Duration } from '@/components/times'
import type { Status } from '@/components/status'
import { layOut } from '@/lib/json'

import type { Call } from '../stream/tool-calls'

type CallLineProps = { call: Call; status: Status }

/** One call of a tool on a line; it opens to what went in and what came back. */
export function CallLine({ call, status }: CallLineProps) {
  return (
    <details className="group/call rounded-lg border bg-muted/40 text-sm">
      <summary className="flex cursor-pointer list-none items-center gap-2 rounded-lg px-2.5 py-1.5 touch:min-h-10">
        <CallIcon call={call} status={status} />
        <code className="shrink-0 font-mono text-[0.8125rem]">{call.name}</code>
        <span className="min-w-0 flex-1 truncate font-mono text-xs text-muted-foreground">
          {call.arguments}
        </span>
        {call.result && (
          <span className="shrink-0 text-xs text-muted-foreground">
            <Duration from={call.askedAt} to={call.result.at} />
          </span>
        )}
        <ChevronRightIcon
          aria-hidden
          className="size-3.5 shrink-0 text-muted-foreground transition-transform group-open/call:rotate-90"
        />
      </summary>
      <div className="space-y-2 px-2.5 pb-2.5">
        <CodeBlock text={layOut(call.arguments)} label="Arguments" />
        {call.result && (
          <CodeBlock text={layOut(call.result.text)} label="Result" />
        )}
      </div>
    </details>
  )
}

function CallIcon({ call, status }: CallLineProps) {
  const look = lookOf({ call, status })
  const { icon: Icon, label, className } = look
  return (
    <Icon
      role="img"
      aria-label={label}
      className={`size-4 shrink-0 ${className}`}
    />
  )
}

function lookOf({ call: { result, waits }, status }: CallLineProps) {
  if (result?.isError) {
    return {
      icon: CircleAlertIcon,
      label: 'Returned an error',
      className: 'text-failed',
    }
  }
  if (result) {
    return {
      icon: CircleCheckIcon,
      label: 'Returned',
      className: 'text-completed',
    }
  }
  if (status === 'running' || status === 'pending') {
    return {
      icon: LoaderCircleIcon,
      label: 'Under way',
      className: 'animate-spin text-running',
    }
  }
  return status === 'waiting' && waits.some(({ to }) => to === null)
    ? { icon: CirclePauseIcon, label: 'Waits', className: 'text-waiting' }
    : {
        icon: CircleSlashIcon,
        label: 'Never returned',
        className: 'text-muted-foreground',
      }
}
