import type { PlotData, Point } from '@/components/plots/plot'
import {
  formatCompact,
  formatDollars,
  formatDuration,
  formatNumber,
} from '@/lib/format'

import type { Stats } from './queries'

type Bucket = Stats['series'][number]

// The API's days are in UTC; hours are shown in the browser's time zone.
const dayLabel = new Intl.DateTimeFormat('en', {
  day: 'numeric',
  month: 'short',
  timeZone: 'UTC',
})
const dayTitle = new Intl.DateTimeFormat('en', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  timeZone: 'UTC',
})
const hourLabel = new Intl.DateTimeFormat('en', {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})
const hourTitle = new Intl.DateTimeFormat('en', {
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})

function pointsOf(
  { series, bucket }: Stats,
  values: (each: Bucket) => Point['values'],
  isPartial?: (each: Bucket) => boolean,
): Point[] {
  const [label, title] =
    bucket === 'hour' ? [hourLabel, hourTitle] : [dayLabel, dayTitle]
  return series.map((each) => {
    const start = new Date(each.start)
    return {
      key: each.start,
      label: label.format(start),
      title: title.format(start),
      values: values(each),
      ...(isPartial ? { isPartial: isPartial(each) } : {}),
    }
  })
}

export const formatSeconds = (seconds: number) =>
  seconds > 0 && seconds < 1
    ? `${Math.round(seconds * 1000)} ms`
    : formatDuration(seconds * 1000).replace('.0 s', ' s')

export const tasksPlot = (stats: Stats): PlotData => ({
  title: 'Finished tasks',
  series: [
    { key: 'completed', label: 'Completed', look: 'completed' },
    { key: 'failed', label: 'Failed', look: 'failed' },
    { key: 'cancelled', label: 'Cancelled', look: 'cancelled' },
  ],
  points: pointsOf(stats, ({ completed, failed, cancelled }) => ({
    completed,
    failed,
    cancelled,
  })),
  format: formatCompact,
  unit: 'count',
})

export const latencyPlot = (stats: Stats): PlotData => ({
  title: 'Time to completion',
  series: [
    { key: 'p50', label: 'Median (p50)', look: 'first' },
    { key: 'p95', label: '95th percentile (p95)', look: 'second' },
  ],
  points: pointsOf(stats, ({ latency_seconds: latency }) => ({
    p50: latency?.p50 ?? null,
    p95: latency?.p95 ?? null,
  })),
  format: formatSeconds,
  unit: 'seconds',
})

export const tokensPlot = (stats: Stats): PlotData => ({
  title: 'Tokens',
  series: [
    { key: 'input', label: 'In', look: 'first' },
    { key: 'output', label: 'Out', look: 'second' },
  ],
  points: pointsOf(stats, ({ input_tokens, output_tokens }) => ({
    input: input_tokens,
    output: output_tokens,
  })),
  format: formatCompact,
  unit: 'count',
})

type Cost = Pick<Bucket, 'cost' | 'cost_is_complete' | 'usage_is_estimated'>

/** The known part of a cost, or null where all of it is unknown: that is not 0. */
const knownOf = ({ cost, cost_is_complete }: Cost) =>
  Number(cost) || (cost_is_complete ? 0 : null)

export const costPlot = (stats: Stats): PlotData => ({
  title: 'Cost',
  series: [{ key: 'cost', label: 'US dollars', look: 'first' }],
  points: pointsOf(
    stats,
    (each) => ({ cost: knownOf(each) }),
    (each) => !each.cost_is_complete,
  ),
  format: formatDollars,
  unit: 'dollars',
  ...noteOn(stats.total),
})

function noteOn({ cost_is_complete, usage_is_estimated }: Cost) {
  const notes = [
    ...(usage_is_estimated ? ['≈: partly estimated'] : []),
    ...(cost_is_complete ? [] : ['?: the cost of a model call is unknown']),
  ]
  return notes.length ? { note: notes.join(' · ') } : {}
}

/**
 * "$0.12", "≈$0.12" where a part is estimated, "$0.12 + ?" where a part is unknown, "?"
 * where all of it is.
 */
export function formatSum(figures: Cost) {
  const known = knownOf(figures)
  if (known === null) return '?'
  const sign = figures.usage_is_estimated && known > 0 ? '≈' : ''
  const sum = `${sign}${formatDollars(known)}`
  return figures.cost_is_complete ? sum : `${sum} + ?`
}

function costSummary(total: Cost) {
  const known = knownOf(total)
  if (known === null) return 'The cost of the tasks is unknown.'
  const about = total.usage_is_estimated && known > 0 ? 'about ' : ''
  const sum = `${about}${formatDollars(known)}`
  return total.cost_is_complete
    ? `The tasks cost ${sum}.`
    : `The tasks cost ${sum}, plus an unknown amount.`
}

/** The charts in words, for screen readers. */
export function summariesOf({ total }: Stats) {
  const latency = total.latency_seconds
  return {
    tasks: `${formatNumber(total.completed)} completed, ${formatNumber(total.failed)} failed, ${formatNumber(total.cancelled)} cancelled.`,
    latency: latency
      ? `Half of the completed tasks took at most ${formatSeconds(latency.p50)}, 95 percent at most ${formatSeconds(latency.p95)}.`
      : 'No tasks completed.',
    tokens: `${formatNumber(total.input_tokens)} tokens in, ${formatNumber(total.output_tokens)} tokens out.`,
    cost: costSummary(total),
  }
}
