import { expect, test } from 'vitest'

import { makeVersion } from '@/testing/factories'

import { fieldChanges, textChanges } from './version-changes'

type Version = Parameters<typeof fieldChanges>[0]

const before = makeVersion()
const changesTo = (fields: Partial<Version>) =>
  fieldChanges(before, makeVersion(fields))

test('finds no changes between equal versions', () => {
  expect(changesTo({ number: 2 })).toEqual([])
  expect(textChanges(before, makeVersion({ number: 2 }))).toEqual([])
})

test.each([
  [{ model: 'openai:a' }, 'Model', 'builtin:smollm2', 'openai:a'],
  [{ temperature: 0 }, 'Temperature', 'Provider default', '0'],
  [
    { max_output_tokens: 1500 },
    'Output limit',
    'Provider default',
    '1,500 tokens',
  ],
  [{ fallback_models: ['a:b', 'c:d'] }, 'Fallback models', 'None', 'a:b, c:d'],
  [{ max_steps: 1000 }, 'Step limit', '20', '1,000'],
  [{ step_timeout: 1 }, 'Step timeout', '120 s', '1 s'],
  [{ timeout: 3600 }, 'Timeout', '600 s', '3,600 s'],
])('describes the change to %j', (fields, label, old, next) => {
  expect(changesTo(fields)).toEqual([{ label, before: old, after: next }])
})

test('shows another order of fallback models as a change', () => {
  const [change] = fieldChanges(
    makeVersion({ fallback_models: ['a:b', 'c:d'] }),
    makeVersion({ fallback_models: ['c:d', 'a:b'] }),
  )

  expect(change?.label).toBe('Fallback models')
})

type Tools = Version['tools']

const toolLines = (from: Tools, to: Tools) =>
  textChanges(makeVersion({ tools: from }), makeVersion({ tools: to })).map(
    ({ label, lines }) => [
      label,
      lines.map(({ kind, text }) => `${kind} ${text}`),
    ],
  )

test('shows the tools as lines', () => {
  const calculator = { type: 'builtin', name: 'calculator' }

  expect(
    toolLines(
      [calculator],
      [
        calculator,
        { type: 'agent', agent: 3, name: 'ask', needs_approval: false },
      ],
    ),
  ).toEqual([
    ['Tools', ['same calculator', 'added Agent 3 · name ask · no approval']],
  ])
})

test('shows a setting of a tool as a change of its line', () => {
  expect(
    toolLines(
      [{ type: 'builtin', name: 'calculator' }],
      [
        {
          type: 'builtin',
          name: 'calculator',
          timeout: 5,
          needs_approval: true,
        },
      ],
    ),
  ).toEqual([
    [
      'Tools',
      ['removed calculator', 'added calculator · timeout 5 · needs approval'],
    ],
  ])
})

test('finds a change of white space in the instructions', () => {
  const [change] = textChanges(
    makeVersion({ instructions: 'Be brief.' }),
    makeVersion({ instructions: 'Be brief. ' }),
  )

  expect(change?.label).toBe('Instructions')
})
