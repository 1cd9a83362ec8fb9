import { expect, test } from 'vitest'

import { parseTaskEvent } from './task-events'
import { emptyStream, reduceStream } from './task-stream'
import type { TaskStream } from './task-stream'

type Message = [type: string, data: object]

/** The state after messages, which are parsed as they are from the network. */
function after(messages: Message[], before: TaskStream = emptyStream) {
  return messages.reduce((stream, [type, data]) => {
    const event = parseTaskEvent(type, JSON.stringify(data))
    return event ? reduceStream(stream, event) : stream
  }, before)
}

const text = (step: number, value: string): Message => [
  'text.delta',
  { step, text: value },
]

const texts = ({ steps }: TaskStream) =>
  steps.map(({ step, text: value }) => [step, value])

test('joins the pieces of a text in the order of arrival', () => {
  const stream = after([text(1, 'Hel'), text(1, 'lo'), text(1, '')])

  expect(texts(stream)).toEqual([[1, 'Hello']])
})

test('joins a character that was cut between its two halves', () => {
  const [high = '', low = ''] = '👋'.split('')

  const stream = after([text(1, `Hi ${high}`), text(1, `${low}!`)])

  expect(texts(stream)).toEqual([[1, 'Hi 👋!']])
})

test('joins a character and the accent that follows it', () => {
  const stream = after([text(1, 'cafe'), text(1, '\u0301')])

  expect(texts(stream)[0]?.[1]).toBe('cafe\u0301')
})

test('keeps reasoning and text of a step apart', () => {
  const stream = after([
    ['reasoning.delta', { step: 1, text: 'Think' }],
    text(1, 'Say'),
    ['reasoning.delta', { step: 1, text: 'ing' }],
  ])

  expect(stream.steps).toEqual([
    { step: 1, text: 'Say', reasoning: 'Thinking', isCompleted: false },
  ])
})

test('orders steps by number, in whatever order they arrive', () => {
  const stream = after([text(10, 'c'), text(2, 'b'), text(1, 'a')])

  expect(texts(stream)).toEqual([
    [1, 'a'],
    [2, 'b'],
    [10, 'c'],
  ])
})

test.each(['attempt.started', 'step.retried'])(
  'discards only unfinished steps on %s',
  (type) => {
    const stream = after([
      text(1, 'Finished'),
      ['step.completed', { step: 1 }],
      text(2, 'Half a sent'),
      [type, { step: 2, attempt: 2 }],
      text(2, 'Whole'),
    ])

    expect(texts(stream)).toEqual([
      [1, 'Finished'],
      [2, 'Whole'],
    ])
  },
)

test('completes a step whose text did not arrive', () => {
  const stream = after([['step.completed', { step: 3 }]])

  expect(stream.steps).toEqual([
    { step: 3, text: '', reasoning: '', isCompleted: true },
  ])
})

test('logs every entry but no delta', () => {
  const stream = after([
    ['task.created', {}],
    text(1, 'a'),
    ['attempt.started', { attempt: 1 }],
    ['task.completed', {}],
  ])

  expect(stream.log.map(({ type }) => type)).toEqual([
    'task.created',
    'attempt.started',
    'task.completed',
  ])
})

test('keeps the text while a connection is lost and comes back', () => {
  const lost = (['reconnecting', 'open'] as const).reduce(
    (stream, connection) =>
      reduceStream(stream, { type: 'connection', connection }),
    after([text(1, 'Hel')]),
  )

  expect(lost.connection).toBe('open')
  expect(texts(after([text(1, 'lo')], lost))).toEqual([[1, 'Hello']])
})

test('replaces everything once a follower starts from the beginning', () => {
  const restarted = reduceStream(
    after([text(1, 'Old'), ['task.created', {}]]),
    {
      type: 'connection',
      connection: 'connecting',
    },
  )
  expect(texts(restarted)).toEqual([[1, 'Old']])

  const stream = after([text(1, 'New')], restarted)

  expect(texts(stream)).toEqual([[1, 'New']])
  expect(stream.log).toEqual([])
})

test('does not change the state that it was given', () => {
  const before = after([text(1, 'Hel'), ['task.created', {}]])
  const copy = structuredClone(before)

  after([text(1, 'lo'), ['attempt.started', { attempt: 2 }]], before)

  expect(before).toEqual(copy)
})

test('holds an answer of 10,000 pieces', () => {
  const pieces = Array.from({ length: 10_000 }, (_, index) =>
    text(1, String(index % 10)),
  )

  expect(texts(after(pieces))[0]?.[1]).toHaveLength(10_000)
})
