import { expect, test } from 'vitest'

import { day, id, statuses, text } from './search'

test.each([
  ['failed', ['failed']],
  ['failed,running', ['failed', 'running']],
  [['failed'], ['failed']],
  ['', undefined],
  ['failed,nonsense', undefined],
  ['__proto__', undefined],
  [undefined, undefined],
  [7, undefined],
])('reads the statuses %j', (value, found) => {
  expect(statuses.parse(value)).toEqual(found)
})

test.each([
  ['7', 7],
  [7, 7],
  ['0', undefined],
  ['-7', undefined],
  ['1.5', undefined],
  ['seven', undefined],
  ['7 or 1=1', undefined],
  ['9'.repeat(40), undefined],
])('reads the ID %j', (value, found) => {
  expect(id.parse(value)).toBe(found)
})

test.each([
  ['2026-05-04', '2026-05-04'],
  ['2026-13-04', undefined],
  ['2026-02-30', undefined],
  ['yesterday', undefined],
])('reads the day %j', (value, found) => {
  expect(day.parse(value)).toBe(found)
})

test('ignores what is not text', () => {
  expect(text.parse(['a'])).toBeUndefined()
  expect(text.parse('a')).toBe('a')
})
