import { expect, test } from 'vitest'

import { at } from '@/testing/time'

import { parseTaskEvent } from './task-events'
import type { LogEntry } from './task-events'
import { callsOf } from './tool-calls'

function entry(type: string, second: number, data: object = {}): LogEntry {
  const body = {
    created_at: at(second),
    tool_call_id: 'a',
    name: 'find',
    ...data,
  }
  const event = parseTaskEvent(type, JSON.stringify(body))
  if (!event || 'text' in event) throw new Error(`${type} is no log entry.`)
  return event
}

const call = (second: number, data: object = {}) =>
  entry('tool.call', second, { step: 1, arguments: '{}', ...data })

const result = (second: number, data: object = {}) =>
  entry('tool.result', second, { step: 2, content: 'Found', ...data })

test('has no calls in an empty log', () => {
  expect(callsOf([])).toEqual([])
})

test('gives a call its result', () => {
  expect(callsOf([call(1), result(3)])).toEqual([
    {
      id: 'a',
      step: 1,
      name: 'find',
      arguments: '{}',
      requestedAt: at(1),
      waits: [],
      result: { text: 'Found', isError: false, at: at(3), step: 2 },
    },
  ])
})

test('matches results that arrive in another order by ID', () => {
  const calls = callsOf([
    call(1),
    call(1, { tool_call_id: 'b' }),
    result(2, { tool_call_id: 'b', content: 'B' }),
    result(3, { content: 'A', is_error: true }),
  ])

  expect(calls.map(({ id, result: found }) => [id, found?.text])).toEqual([
    ['a', 'A'],
    ['b', 'B'],
  ])
  expect(calls[0]?.result?.isError).toBe(true)
})

test('ignores a result without a call', () => {
  expect(callsOf([result(1)])).toEqual([])
})

test('lists a call once although another attempt logs it again', () => {
  const calls = callsOf([call(1), call(5), result(6)])

  expect(calls).toHaveLength(1)
  expect(calls[0]).toMatchObject({
    requestedAt: at(5),
    result: { text: 'Found' },
  })
})

test('distinguishes calls of two steps although a provider reuses its IDs', () => {
  const calls = callsOf([
    call(1),
    result(2, { content: 'First' }),
    call(3, { step: 3 }),
    result(4, { content: 'Second', step: 4 }),
  ])

  expect(calls.map(({ step, result: found }) => [step, found?.text])).toEqual([
    [1, 'First'],
    [3, 'Second'],
  ])
})

test('records how long a call waited, and what was decided', () => {
  const calls = callsOf([
    call(1),
    entry('tool.waiting', 2, { waits_for: 'approval' }),
    entry('tool.decided', 9, { decision: 'approved' }),
    entry('tool.waiting', 10, { waits_for: 'outcome' }),
  ])

  expect(calls[0]?.waits).toEqual([
    { waitsFor: 'approval', from: at(2), to: at(9), decision: 'approved' },
    { waitsFor: 'outcome', from: at(10), to: null, decision: '' },
  ])
})
