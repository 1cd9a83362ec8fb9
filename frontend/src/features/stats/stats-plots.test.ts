import { expect, test } from 'vitest'

import { makeStats } from '@/testing/factories'

import {
  costPlot,
  formatSeconds,
  formatSum,
  latencyPlot,
  summariesOf,
  tasksPlot,
  tokensPlot,
} from './stats-plots'

const valuesOf = ({ points }: ReturnType<typeof tasksPlot>) =>
  points.map(({ values }) => values)

test('plots outcomes and tokens, with zeros for empty days', () => {
  const stats = makeStats({ completed: 3, failed: 1, input_tokens: 10 })

  expect(valuesOf(tasksPlot(stats))).toEqual([
    { completed: 0, failed: 0, cancelled: 0 },
    { completed: 3, failed: 1, cancelled: 0 },
  ])
  expect(valuesOf(tokensPlot(stats))).toEqual([
    { input: 0, output: 0 },
    { input: 10, output: 0 },
  ])
})

test('plots no latency where nothing was completed', () => {
  const stats = makeStats({ latency_seconds: { p50: 0, p95: 2 } })

  expect(valuesOf(latencyPlot(stats))).toEqual([
    { p50: null, p95: null },
    { p50: 0, p95: 2 },
  ])
})

test('labels days in UTC, wherever the browser is', () => {
  expect(tasksPlot(makeStats()).points.map(({ label }) => label)).toEqual([
    'May 3',
    'May 4',
  ])
})

test('labels hours in local time', () => {
  const stats = { ...makeStats(), bucket: 'hour' as const }
  const start = new Date(stats.series[0]?.start ?? '')

  const hour = String(start.getHours()).padStart(2, '0')
  expect(tasksPlot(stats).points[0]?.label).toBe(`${hour}:00`)
})

test('has no points in an empty series', () => {
  const stats = { ...makeStats(), series: [], agents: [] }

  expect(valuesOf(tasksPlot(stats))).toEqual([])
  expect(valuesOf(costPlot(stats))).toEqual([])
})

test.each([
  ['0', true, false, 0, '$0'],
  ['0', true, true, 0, '$0'],
  ['0', false, false, null, '?'],
  ['0.012', true, false, 0.012, '$0.012'],
  ['0.012', true, true, 0.012, '≈$0.012'],
  ['0.012', false, false, 0.012, '$0.012 + ?'],
  ['0.012', false, true, 0.012, '≈$0.012 + ?'],
])(
  'shows a cost of %s (complete: %s, estimated: %s)',
  (cost, cost_is_complete, usage_is_estimated, value, sum) => {
    const stats = makeStats({ cost, cost_is_complete, usage_is_estimated })

    expect(valuesOf(costPlot(stats)).at(-1)).toEqual({ cost: value })
    expect(costPlot(stats).points.at(-1)?.isPartial).toBe(!cost_is_complete)
    expect(formatSum(stats.total)).toBe(sum)
  },
)

test('explains estimates and unknown costs only where there are some', () => {
  expect(costPlot(makeStats({ usage_is_estimated: true })).note).toMatch(
    /estimated/,
  )
  expect(costPlot(makeStats()).note).toBeUndefined()
  expect(costPlot(makeStats({ cost_is_complete: false })).note).toMatch(
    /unknown/,
  )
})

test.each([
  [0, '0 ms'],
  [0.0004, '0 ms'],
  [0.4, '400 ms'],
  [1, '1 s'],
  [9.96, '10 s'],
  [75, '1 m 15 s'],
  [7200, '2 h 00 m'],
])('formats %d seconds as %s', (seconds, shown) => {
  expect(formatSeconds(seconds)).toBe(shown)
})

test('describes the charts in words', () => {
  const stats = makeStats({
    completed: 1200,
    failed: 1,
    output_tokens: 5,
    latency_seconds: { p50: 0.4, p95: 12 },
  })

  expect(summariesOf(stats)).toEqual({
    tasks: '1,200 completed, 1 failed, 0 cancelled.',
    latency:
      'Half of the completed tasks took at most 400 ms, 95 percent at most 12 s.',
    tokens: '0 tokens in, 5 tokens out.',
    cost: 'The tasks cost $0.',
  })
  expect(summariesOf(makeStats()).latency).toBe('No tasks completed.')
})
