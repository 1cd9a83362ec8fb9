import { expect, test } from 'vitest'

import { diffLines, diffWords } from './line-diff'

const shown = (before: string, after: string) =>
  diffLines(before, after).map(
    ({ kind, text }) => ({ same: ' ', removed: '-', added: '+' })[kind] + text,
  )

test('keeps unchanged lines, and marks removed and added ones', () => {
  expect(shown('a\nb\nc\nd', 'a\nx\nc\nd\ne')).toEqual([
    ' a',
    '-b',
    '+x',
    ' c',
    ' d',
    '+e',
  ])
})

test('treats an empty text as no lines', () => {
  expect(shown('', 'a\n')).toEqual(['+a', '+'])
  expect(shown('a', '')).toEqual(['-a'])
  expect(shown('', '')).toEqual([])
})

test('does not use a line twice where both ends repeat', () => {
  expect(shown('a\na', 'a\na\na')).toEqual([' a', ' a', '+a'])
})

test('shows the middle of very long texts as replaced', () => {
  const long = (word: string) =>
    Array.from({ length: 3000 }, (_, line) => `${word} ${line}`).join('\n')

  const lines = diffLines(`first\n${long('a')}`, `first\n${long('b')}`)

  expect(lines).toHaveLength(6001)
  expect(lines[0]).toEqual({ kind: 'same', text: 'first' })
})

test('finds the words that differ', () => {
  expect(diffWords('Adds two numbers.', 'Adds three big numbers.')).toEqual([
    { kind: 'same', text: 'Adds ' },
    { kind: 'removed', text: 'two' },
    { kind: 'added', text: 'three big' },
    { kind: 'same', text: ' numbers.' },
  ])
  expect(diffWords('', 'New.')).toEqual([{ kind: 'added', text: 'New.' }])
  expect(diffWords('', '')).toEqual([])
})
