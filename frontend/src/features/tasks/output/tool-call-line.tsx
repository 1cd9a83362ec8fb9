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
import { formatJson } from '@/lib/json'

import type { ToolCall } from '../stream/tool-calls'

type ToolCallLineProps = { call: ToolCall; status: Status }

/** One tool call in a line, which opens to show its arguments and its result. */
export function ToolCallLine({ call, status }: ToolCallLineProps) {
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
            <Duration from={call.requestedAt} to={call.result.at} />
          </span>
        )}
        <ChevronRightIcon
          aria-hidden
          className="size-3.5 shrink-0 text-muted-foreground transition-transform group-open/call:rotate-90"
        />
      </summary>
      <div className="space-y-2 px-2.5 pb-2.5">
        <CodeBlock text={formatJson(call.arguments)} label="Arguments" />
        {call.result && (
          <CodeBlock text={formatJson(call.result.text)} label="Result" />
        )}
      </div>
    </details>
  )
}

function CallIcon({ call, status }: ToolCallLineProps) {
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

function lookOf({ call: { result, waits }, status }: ToolCallLineProps) {
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
      label: 'Returned a result',
      className: 'text-completed',
    }
  }
  if (status === 'running' || status === 'pending') {
    return {
      icon: LoaderCircleIcon,
      label: 'In progress',
      className: 'animate-spin text-running',
    }
  }
  return status === 'waiting' && waits.some(({ to }) => to === null)
    ? { icon: CirclePauseIcon, label: 'Waiting', className: 'text-waiting' }
    : {
        icon: CircleSlashIcon,
        label: 'No result',
        className: 'text-muted-foreground',
      }
}
