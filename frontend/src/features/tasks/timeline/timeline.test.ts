import { expect, test } from 'vitest'

import { makeStep, makeTask } from '@/testing/factories'
import { at } from '@/testing/time'

import type { Step } from '../queries'
import { parseTaskEvent } from '../stream/task-events'
import type { LogEntry } from '../stream/task-events'
import { timelineOf } from './timeline'
import type { Line } from './timeline'

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

const task = makeTask({
  status: 'completed',
  created_at: at(0),
  started_at: at(2),
  finished_at: at(20),
})

const started = entry('attempt.started', 2, { attempt: 1 })

type Input = Partial<Parameters<typeof timelineOf>[0]>

const linesOf = (input: Input) =>
  timelineOf({ task, log: [], streamed: [], steps: [], ...input })

const seconds = (time: number | null) =>
  time === null ? null : (time - Date.parse(at(0))) / 1000

/** Kind, start and end of each line, in seconds of the task. */
const outline = (lines: Line[]) =>
  lines.map(({ kind, from, to }) => [kind, seconds(from), seconds(to)])

const withCall = (position: number): Step => ({
  ...makeStep(position),
  message: {
    role: 'assistant',
    parts: [
      { type: 'tool_call', tool_call_id: 'a', name: 'find', arguments: '{}' },
    ],
  },
})

test('shows the time in the queue before the first attempt', () => {
  expect(outline(linesOf({ log: [started] }))).toEqual([['wait', 0, 2]])
})

test('shows a task in the queue as waiting without an end', () => {
  const pending = makeTask({
    status: 'pending',
    created_at: at(0),
    started_at: null,
    finished_at: null,
  })

  expect(outline(linesOf({ task: pending }))).toEqual([['wait', 0, null]])
})

test('takes the time in the queue from the row once the log is deleted', () => {
  expect(outline(linesOf({}))).toEqual([['wait', 0, 2]])
})

test('shows a task that was cancelled in the queue', () => {
  const cancelled = makeTask({
    status: 'cancelled',
    created_at: at(0),
    started_at: null,
    finished_at: at(5),
  })

  expect(outline(linesOf({ task: cancelled }))).toEqual([['wait', 0, 5]])
})

test('shows each wait for a worker after one was lost', () => {
  const lines = linesOf({
    log: [
      started,
      entry('attempt.lost', 4),
      entry('attempt.started', 6, { attempt: 2 }),
      entry('attempt.released', 7),
      entry('attempt.started', 9, { attempt: 3 }),
    ],
  })

  expect(outline(lines.filter(({ kind }) => kind === 'wait'))).toEqual([
    ['wait', 0, 2],
    ['wait', 4, 6],
    ['wait', 7, 9],
  ])
  expect(
    lines.flatMap((line) => ('label' in line ? [line.label] : [])),
  ).toEqual(['Worker lost', 'Attempt 2', 'Returned to the queue', 'Attempt 3'])
})

test('does not call reasoning that was separated a retry', () => {
  const separated = { step: 1, model: 'a', error_code: 'reasoning_in_text' }
  const lines = linesOf({ log: [started, entry('step.retried', 3, separated)] })

  expect(lines.filter(({ kind }) => kind === 'mark')).toEqual([])
})

test('explains a retried model call', () => {
  const lines = linesOf({
    log: [
      started,
      entry('step.retried', 3, {
        step: 1,
        model: 'openai:a',
        next_model: 'openai:b',
        error_detail: 'It was overloaded.',
        wait_seconds: 1.25,
      }),
    ],
  })

  expect(lines.at(-1)).toMatchObject({
    label: 'Model call retried',
    detail:
      'It was overloaded. Switched to openai:b. Waited 1.3 s before the retry.',
    tone: 'bad',
  })
})

test('orders lines by their start, whatever the order of the log', () => {
  const lines = linesOf({
    log: [started, entry('task.completed', 20), entry('attempt.lost', 4)],
    steps: [makeStep(6), makeStep(3)],
  })

  const starts = lines.map(({ from }) => from)
  expect(starts).toEqual(starts.toSorted((a, b) => a - b))
  expect(lines.filter(({ kind }) => kind === 'response')).toHaveLength(2)
})

test('shows a stored response once although its text was streamed', () => {
  const streamed = { step: 1, text: 'Hi', reasoning: '', isCompleted: false }

  const responses = linesOf({
    log: [started],
    streamed: [streamed],
    steps: [makeStep(1)],
  }).filter(({ kind }) => kind === 'response')

  expect(responses).toHaveLength(1)
  expect(responses[0]).toMatchObject({ position: 1, streamed })
})

test('shows the current response from the last result on', () => {
  const running = makeTask({
    status: 'running',
    created_at: at(0),
    started_at: at(2),
    finished_at: null,
  })

  const lines = linesOf({
    task: running,
    log: [started, entry('tool.result', 8, { step: 2 })],
    streamed: [{ step: 3, text: 'Hi', reasoning: '', isCompleted: false }],
  })

  expect(outline(lines.filter(({ kind }) => kind === 'response'))).toEqual([
    ['response', 8, null],
  ])
})

test('shows a tool call from its request to its result', () => {
  const log = [
    started,
    entry('tool.call', 4, { step: 1, arguments: '{}' }),
    entry('tool.result', 9, { step: 2, content: 'Found' }),
  ]

  expect(
    outline(linesOf({ log }).filter(({ kind }) => kind === 'call')),
  ).toEqual([['call', 4, 9]])
})

test('ends a call without a result, and its wait, with the task', () => {
  const log = [
    started,
    entry('tool.call', 4, { step: 1, arguments: '{}' }),
    entry('tool.waiting', 5, { waits_for: 'approval' }),
  ]

  const lines = linesOf({ log, task: { ...task, status: 'cancelled' } })

  expect(outline(lines.slice(1))).toEqual([
    ['call', 4, 20],
    ['wait', 5, 20],
  ])
})

test('takes tool calls from the steps once the log is deleted', () => {
  const results: Step = {
    ...makeStep(5),
    kind: 'tool_result',
    message: {
      role: 'tool',
      parts: [
        {
          type: 'tool_result',
          tool_call_id: 'a',
          name: 'find',
          content: 'Found',
          is_error: false,
        },
      ],
    },
  }

  const lines = linesOf({ steps: [withCall(2), results] })

  expect(outline(lines.filter(({ kind }) => kind === 'call'))).toEqual([
    ['call', 3, 6],
  ])
})

test('gives every line a key of its own, also where events repeat', () => {
  const lost = entry('attempt.lost', 4)
  const log = [started, lost, lost, started, lost, started]

  const keys = linesOf({ log, steps: [withCall(2), makeStep(4)] }).map(
    ({ key }) => key,
  )

  expect(new Set(keys).size).toBe(keys.length)
})

test('shows a task of 1,000 steps', () => {
  const steps = Array.from({ length: 1000 }, (_, index) => makeStep(index + 1))

  expect(linesOf({ log: [started], steps })).toHaveLength(1001)
})
