import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'

import { ErrorNotice } from '@/components/notice'
import { PlotCard } from '@/components/plots/plot-card'
import { Skeleton } from '@/components/ui/skeleton'
import { formatCompact, formatNumber } from '@/lib/format'

import { AgentFigures } from './agent-figures'
import { statsQuery } from './queries'
import type { Range, Stats } from './queries'
import { RangePicker } from './range-picker'
import {
  costPlot,
  formatSeconds,
  formatSum,
  latencyPlot,
  summariesOf,
  tasksPlot,
  tokensPlot,
} from './stats-plots'

type StatsPanelProps = {
  range: Range
  onRangeChange: (range: Range) => void
  /** Restricts it to the tasks of this agent. */
  agent?: number
}

/** The outcomes, latencies, tokens and costs of tasks over time. */
export function StatsPanel({ range, onRangeChange, agent }: StatsPanelProps) {
  const query = useQuery({
    ...statsQuery(range, agent),
    placeholderData: keepPreviousData,
  })
  return (
    <section aria-labelledby="over-time">
      <header className="mb-3 flex flex-wrap items-center justify-between gap-3">
        <h2 id="over-time" className="font-semibold tracking-tight">
          Over time
        </h2>
        <RangePicker range={range} onChange={onRangeChange} />
      </header>
      <Content query={query} hasAgents={agent === undefined} />
    </section>
  )
}

type ContentProps = {
  query: {
    data: Stats | undefined
    error: unknown
    isPlaceholderData: boolean
    refetch: () => Promise<unknown>
  }
  hasAgents: boolean
}

function Content({ query, hasAgents }: ContentProps) {
  if (query.error && !query.data) {
    return (
      <div className="rounded-2xl border bg-card">
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
      </div>
    )
  }
  if (!query.data) return <PlotSkeletons />
  return (
    <div aria-busy={query.isPlaceholderData}>
      <Plots stats={query.data} />
      {hasAgents && query.data.agents.length > 0 && (
        <AgentFigures agents={query.data.agents} />
      )}
    </div>
  )
}

function Plots({ stats }: { stats: Stats }) {
  const { total } = stats
  const summaries = summariesOf(stats)
  return (
    <Grid>
      <PlotCard
        data={tasksPlot(stats)}
        kind="bars"
        total={formatNumber(total.completed + total.failed + total.cancelled)}
        summary={summaries.tasks}
      />
      <PlotCard
        data={latencyPlot(stats)}
        kind="lines"
        total={<LatencyTotal latency={total.latency_seconds} />}
        summary={summaries.latency}
      />
      <PlotCard
        data={tokensPlot(stats)}
        kind="bars"
        total={formatCompact(total.input_tokens + total.output_tokens)}
        summary={summaries.tokens}
      />
      <PlotCard
        data={costPlot(stats)}
        kind="bars"
        total={formatSum(total)}
        summary={summaries.cost}
      />
    </Grid>
  )
}

function LatencyTotal({
  latency,
}: {
  latency: Stats['total']['latency_seconds']
}) {
  if (!latency) return '–'
  return (
    <>
      {formatSeconds(latency.p50)}{' '}
      <span className="text-xs font-normal text-muted-foreground">p50</span>
      <span className="ml-3">{formatSeconds(latency.p95)}</span>{' '}
      <span className="text-xs font-normal text-muted-foreground">p95</span>
    </>
  )
}

const Grid = ({ children }: { children: ReactNode }) => (
  <div className="@container">
    <div className="grid gap-4 @xl:grid-cols-2">{children}</div>
  </div>
)

function PlotSkeletons() {
  return (
    <div role="status" aria-label="Loading">
      <Grid>
        {['tasks', 'latency', 'tokens', 'cost'].map((each) => (
          <div key={each} className="rounded-2xl border bg-card p-4 sm:p-5">
            <Skeleton className="h-3 w-24" />
            <Skeleton className="mt-3 h-5 w-16" />
            <Skeleton className="mt-5 h-44 w-full" />
            <Skeleton className="mt-8 h-3 w-40" />
          </div>
        ))}
      </Grid>
    </div>
  )
}
