import { expect, test } from 'vitest'

import { diffLines } from './line-diff'

const shown = (before: string, after: string) =>
  diffLines(before, after).map(
    ({ kind, text }) => ({ same: ' ', removed: '-', added: '+' })[kind] + text,
  )

test('keeps what stayed, and marks what went and came', () => {
  expect(shown('a\nb\nc\nd', 'a\nx\nc\nd\ne')).toEqual([
    ' a',
    '-b',
    '+x',
    ' c',
    ' d',
    '+e',
  ])
})

test('tells nothing from an empty text', () => {
  expect(shown('', 'a\n')).toEqual(['+a', '+'])
  expect(shown('a', '')).toEqual(['-a'])
  expect(shown('', '')).toEqual([])
})

test('does not take a line twice where both ends repeat', () => {
  expect(shown('a\na', 'a\na\na')).toEqual([' a', ' a', '+a'])
})

test('shows the middle of very long texts as replaced', () => {
  const long = (word: string) =>
    Array.from({ length: 3000 }, (_, line) => `${word} ${line}`).join('\n')

  const lines = diffLines(`first\n${long('a')}`, `first\n${long('b')}`)

  expect(lines).toHaveLength(6001)
  expect(lines[0]).toEqual({ kind: 'same', text: 'first' })
})
