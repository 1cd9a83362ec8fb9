import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'

import { Duration, RelativeTime } from '@/components/times'
import { Skeleton } from '@/components/ui/skeleton'
import { formatCost, formatTokens } from '@/lib/format-usage'

import type { Task } from '../queries'

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="relative min-w-0">
      <dt className="text-xs text-muted-foreground">{label}</dt>
      <dd className="mt-0.5 truncate text-sm">{children}</dd>
    </div>
  )
}

const frame =
  'grid grid-cols-2 gap-x-4 gap-y-4 rounded-2xl border bg-card p-4 sm:grid-cols-4 sm:p-5 lg:grid-cols-1 lg:gap-y-3.5'

const none = <span className="text-muted-foreground">–</span>

/** The properties of a task other than its texts. */
export function TaskFacts({ task }: { task: Task }) {
  return (
    <dl className={frame}>
      <Fact label="Agent">
        <Link
          to="/agents/$agentId"
          params={{ agentId: String(task.agent) }}
          className="font-medium after:absolute after:-inset-1 hover:underline"
        >
          {task.agent_name}
        </Link>
      </Fact>
      <Fact label="Submitted">
        <RelativeTime time={task.created_at} />
      </Fact>
      <Fact label="Time in queue">
        <Duration
          from={task.created_at}
          to={task.started_at ?? task.finished_at}
        />
      </Fact>
      <Fact label="Run time">
        {task.started_at ? (
          <Duration from={task.started_at} to={task.finished_at} />
        ) : (
          none
        )}
      </Fact>
      <Fact label="Tokens">
        <Tokens task={task} />
      </Fact>
      <Fact label="Cost">
        <Cost task={task} />
      </Fact>
      <Fact label="Model">
        <span title={task.model} className="font-mono text-[0.8125rem]">
          {task.model}
        </span>
      </Fact>
      <Fact label="Version">
        <span className="tabular">{task.agent_version}</span>
        {task.attempt > 1 && (
          <span className="text-muted-foreground">
            {' '}
            · attempt {task.attempt}
          </span>
        )}
      </Fact>
      {task.parent && (
        <Fact label="Called by">
          <Link
            to="/tasks/$taskId"
            params={{ taskId: String(task.parent) }}
            className="font-medium after:absolute after:-inset-1 hover:underline"
          >
            Task {task.parent}
          </Link>
        </Fact>
      )}
    </dl>
  )
}

/** Takes as much space as the facts will. */
export function TaskFactsSkeleton() {
  return (
    <div className={frame}>
      {Array.from({ length: 8 }, (_, index) => (
        <div key={index} className="flex h-9.5 flex-col justify-between py-1">
          <Skeleton className="h-2.5 w-12" />
          <Skeleton className="h-3.5 w-24" />
        </div>
      ))}
    </div>
  )
}

function Cost({ task }: { task: Task }) {
  const cost = formatCost(task.cost, {
    isComplete: task.cost_is_complete,
    isEstimate: task.usage_is_estimated,
  })
  if (!cost) return <span className="text-muted-foreground">unknown</span>
  return <span className="tabular">{cost}</span>
}

function Tokens({ task }: { task: Task }) {
  if (task.input_tokens + task.output_tokens === 0) return none
  return (
    <span className="tabular">
      {formatTokens(task.input_tokens, task.usage_is_estimated)} in,{' '}
      {formatTokens(task.output_tokens, task.usage_is_estimated)} out
    </span>
  )
}
