import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { FakeEventSource } from '@/testing/fake-event-source'

import { followTask } from './follow-task'
import type { Connection } from './follow-task'
import type { TaskEvent } from './task-events'

let events: TaskEvent[] = []
let connections: Connection[] = []
let isOver = false

beforeEach(() => {
  vi.useFakeTimers()
  events = []
  connections = []
  isOver = false
})

afterEach(() => {
  vi.useRealTimers()
})

const follow = () =>
  followTask(7, {
    isOver: () => isOver,
    onEvent: (event) => events.push(event),
    onConnection: (connection) => connections.push(connection),
  })

function source(index = -1) {
  const found = FakeEventSource.all.at(index)
  if (!found) throw new Error('There is no connection.')
  return found
}

const delta = (text: string, cursor: string) => {
  source().emit('text.delta', { step: 1, text }, cursor)
}

/** Longer than any delay between two attempts. */
const waitForReconnect = () => vi.advanceTimersByTime(10_000)

const received = () =>
  events.map((event) => ('text' in event ? event.text : event.type))

test('starts at the beginning', () => {
  follow()
  source().open()

  expect(source().url).toBe('/api/tasks/7/events/')
  expect(connections).toEqual(['connecting', 'open'])
})

test('continues after the last event that arrived', () => {
  follow()
  delta('Hel', '1.1.3.0')
  source().fail()
  waitForReconnect()
  delta('lo', '1.1.5.0')
  source().fail()
  waitForReconnect()

  expect(FakeEventSource.all.map(({ url }) => url)).toEqual([
    '/api/tasks/7/events/',
    '/api/tasks/7/events/?after=1.1.3.0',
    '/api/tasks/7/events/?after=1.1.5.0',
  ])
  expect(FakeEventSource.all.slice(0, 2).map((each) => each.isClosed)).toEqual([
    true,
    true,
  ])
  expect(received()).toEqual(['Hel', 'lo'])
})

test('escapes a cursor in the URL', () => {
  follow()
  delta('a', '1&after=0#?')
  source().fail()
  waitForReconnect()

  expect(source().url).toBe('/api/tasks/7/events/?after=1%26after%3D0%23%3F')
})

test('drops events that a reconnect repeats', () => {
  follow()
  delta('Hel', '1.1.3.0')
  delta('lo', '1.1.5.0')
  source().fail()
  waitForReconnect()
  delta('Hel', '1.1.3.0')
  delta('lo', '1.1.5.0')
  delta('!', '1.1.6.0')

  expect(received()).toEqual(['Hel', 'lo', '!'])
})

test('keeps its place over events without a cursor, or that it cannot read', () => {
  follow()
  delta('a', '1.1.1.0')
  source().emit('text.delta', { step: 1, text: 'b' })
  source().emit('text.delta', 'no object', '1.1.9.0')
  source().fail()
  waitForReconnect()

  expect(received()).toEqual(['a', 'b'])
  expect(source().url).toContain('after=1.1.9.0')
})

test('stays closed after the end of the task', () => {
  follow()
  source().emit('task.completed', {}, '1.2.0.0')
  source().fail()
  waitForReconnect()

  expect(FakeEventSource.all).toHaveLength(1)
  expect(connections.at(-1)).toBe('closed')
})

test('stays closed after the late usage of a cancelled task', () => {
  follow()
  source().emit('task.cancelled', {}, '1.2.0.0')
  source().emit('usage.recorded', {}, '1.3.0.0')
  source().fail()
  waitForReconnect()

  expect(received()).toEqual(['task.cancelled', 'usage.recorded'])
  expect(FakeEventSource.all).toHaveLength(1)
  expect(connections.at(-1)).toBe('closed')
})

test('reconnects after usage that comes before the end', () => {
  follow()
  source().emit('usage.recorded', {}, '1.2.0.0')
  source().fail()
  waitForReconnect()

  expect(FakeEventSource.all).toHaveLength(2)
})

test('reconnects after an end that a retry undid', () => {
  follow()
  source().emit('task.failed', {}, '1.2.0.0')
  source().emit('task.retried', {}, '1.3.0.0')
  source().fail()
  waitForReconnect()

  expect(FakeEventSource.all).toHaveLength(2)
  expect(connections.at(-1)).toBe('reconnecting')
})

test('does not report a finished task with an empty log as disconnected', () => {
  isOver = true
  follow()
  source().fail()
  waitForReconnect()

  expect(connections).toEqual(['connecting', 'closed'])
  expect(FakeEventSource.all).toHaveLength(1)
})

test('resumes a task that was retried later, after what it has', () => {
  const follower = follow()
  source().emit('task.failed', {}, '1.2.0.0')
  source().fail()

  follower.resume()
  source().emit('attempt.started', { attempt: 2 }, '2.1.0.0')
  source().fail()
  waitForReconnect()

  expect(FakeEventSource.all.map(({ url }) => url)).toEqual([
    '/api/tasks/7/events/',
    '/api/tasks/7/events/?after=1.2.0.0',
    '/api/tasks/7/events/?after=2.1.0.0',
  ])
})

test('does not open a second connection to a task that it follows', () => {
  const follower = follow()
  source().open()

  follower.resume()

  expect(FakeEventSource.all).toHaveLength(1)
})

test('opens nothing more once it is closed', () => {
  const follower = follow()
  source().fail()

  follower.close()
  waitForReconnect()

  expect(FakeEventSource.all).toHaveLength(1)
  expect(source().isClosed).toBe(true)
})
