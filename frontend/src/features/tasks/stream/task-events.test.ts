import { expect, test } from 'vitest'

import { changesTask, isDelta, isEnd, parseTaskEvent } from './task-events'

test.each([
  '',
  'null',
  '[]',
  '"text"',
  '1',
  '{"step": 1',
  '{"step": 1}',
  '{"text": "no step"}',
  '{"step": "1", "text": "a"}',
  '{"step": 1.5, "text": "a"}',
  '{"step": 1, "text": null}',
])('ignores a delta with the data %j', (data) => {
  expect(parseTaskEvent('text.delta', data)).toBeUndefined()
})

test.each(['', 'something.new', 'TEXT.DELTA', '__proto__', 'constructor'])(
  'ignores the unknown type %j',
  (type) => {
    expect(parseTaskEvent(type, '{"step": 1, "text": "a"}')).toBeUndefined()
  },
)

test('takes the type from the message, whatever the data claims', () => {
  const data = '{"type": "task.completed", "step": 1, "text": "a"}'

  expect(parseTaskEvent('text.delta', data)).toEqual({
    type: 'text.delta',
    step: 1,
    text: 'a',
  })
})

test('fills in what an older server does not send', () => {
  expect(parseTaskEvent('step.completed', '{"step": 2}')).toEqual({
    type: 'step.completed',
    step: 2,
    created_at: '',
    model: '',
    finish_reason: '',
    input_tokens: 0,
    output_tokens: 0,
  })
})

test.each([
  ['task.completed', true, true],
  ['task.failed', true, true],
  ['task.cancelled', true, true],
  ['task.retried', false, true],
  ['attempt.lost', false, true],
  ['cancel.requested', false, false],
])('%s ends the task: %s, changes its row: %s', (type, ends, changes) => {
  const event = parseTaskEvent(type, '{}')
  if (!event) throw new Error(`${type} was not parsed.`)

  expect(isEnd(event)).toBe(ends)
  expect(changesTask(event)).toBe(changes)
  expect(isDelta(event)).toBe(false)
})
