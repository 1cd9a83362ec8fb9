import { expect, test } from 'vitest'

import {
  formatCount,
  formatDay,
  formatDollars,
  formatDuration,
  formatInput,
  formatRelative,
} from './format'

const NOW = Date.parse('2026-05-04T10:00:00Z')
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString()

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

test.each([
  [0, 'just now'],
  [9.9, 'just now'],
  [10, '10 s ago'],
  [MINUTE - 1, '59 s ago'],
  [MINUTE, '1 min ago'],
  [HOUR, '1 h ago'],
  [DAY - 1, '23 h ago'],
  [DAY, '1 d ago'],
  [7 * DAY - 1, '6 d ago'],
])('shows a time %d seconds ago as %s', (seconds, shown) => {
  expect(formatRelative(ago(seconds), NOW)).toBe(shown)
})

test('shows the date after a week, and the year of another year', () => {
  expect(formatRelative('2026-04-20T12:00:00Z', NOW)).toBe('Apr 20')
  expect(formatRelative('2025-04-20T12:00:00Z', NOW)).toBe('Apr 20, 2025')
})

test('shows a time ahead of the clock of the browser as now', () => {
  expect(formatRelative(ago(-HOUR), NOW)).toBe('just now')
})

test.each([
  [-5, '0 ms'],
  [0, '0 ms'],
  [40, '40 ms'],
  [1400, '1.4 s'],
  [12_000, '12 s'],
  [185_000, '3 m 05 s'],
  [7_800_000, '2 h 10 m'],
  [360_000_000, '100 h 00 m'],
])('formats %d ms as %s', (milliseconds, shown) => {
  expect(formatDuration(milliseconds)).toBe(shown)
})

test('leaves out fractions while a duration grows', () => {
  expect([40, 1400, 9999].map((each) => formatDuration(each, true))).toEqual([
    '0 s',
    '1 s',
    '9 s',
  ])
})

test('formats a calendar day whatever the time zone', () => {
  expect(formatDay('2026-05-04')).toBe('May 4')
})

test.each([
  [0, '$0'],
  [0.000034, '$0.000034'],
  [0.124, '$0.12'],
  [3.4, '$3.40'],
  [1234, '$1.2K'],
])('formats a sum of %d as %s', (value, shown) => {
  expect(formatDollars(value)).toBe(shown)
})

test.each([
  [0, true, '0 tasks'],
  [1, true, '1 task'],
  [1, false, '1+ tasks'],
  [1204, true, '1,204 tasks'],
  [10_000, false, '10,000+ tasks'],
])('counts %d tasks, exact: %s', (count, isExact, shown) => {
  expect(formatCount(count, 'task', isExact)).toBe(shown)
})

test.each([
  [false, 'Say hello'],
  [true, 'Say hello…'],
])('marks an input that is truncated: %s', (input_is_truncated, shown) => {
  expect(formatInput({ input_text: 'Say hello', input_is_truncated })).toBe(
    shown,
  )
})
