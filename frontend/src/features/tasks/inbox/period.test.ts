import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { dateParams } from './period'

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-05-04T10:00:00Z') })
})

afterEach(() => {
  vi.useRealTimers()
})

test('has no limits without a range', () => {
  expect(dateParams({})).toEqual({})
})

test.each([
  ['1h', '2026-05-04T09:00:00.000Z'],
  ['24h', '2026-05-03T10:00:00.000Z'],
  ['7d', '2026-04-27T10:00:00.000Z'],
  ['30d', '2026-04-04T10:00:00.000Z'],
] as const)('starts the period %s at %s', (period, since) => {
  expect(dateParams({ period })).toEqual({ created_at__gte: since })
})

test('includes the first and the last day, in local time', () => {
  expect(dateParams({ from: '2026-05-01', to: '2026-05-01' })).toEqual({
    created_at__gte: new Date(2026, 4, 1).toISOString(),
    created_at__lte: new Date(2026, 4, 1, 23, 59, 59, 999).toISOString(),
  })
})

test('can be open at either end', () => {
  expect(Object.keys(dateParams({ from: '2026-05-01' }))).toEqual([
    'created_at__gte',
  ])
  expect(Object.keys(dateParams({ to: '2026-05-01' }))).toEqual([
    'created_at__lte',
  ])
})

test.each(['2026-02-31x', '2026-13-01', 'today', '99999999-01-01'])(
  'ignores the day %j, which does not exist',
  (day) => {
    expect(dateParams({ from: day, to: day })).toEqual({})
  },
)

test('prefers a period to a first day', () => {
  expect(dateParams({ period: '1h', from: '2020-01-01' })).toEqual({
    created_at__gte: '2026-05-04T09:00:00.000Z',
  })
})
