import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { FakeEventSource } from '@/testing/fake-event-source'

import { openReconnectingSource } from './reconnecting-source'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

function open(reconnects = () => true) {
  return openReconnectingSource({
    url: () => '/api/events/',
    types: ['news'],
    onMessage: () => undefined,
    onError: reconnects,
  })
}

const last = () => FakeEventSource.all.at(-1)

/** The delay before the next connection, in milliseconds. */
function delayAfterFailure() {
  const count = FakeEventSource.all.length
  const started = Date.now()
  last()?.fail()
  vi.advanceTimersToNextTimer()
  expect(FakeEventSource.all).toHaveLength(count + 1)
  return Date.now() - started
}

test('waits twice as long after each failure, up to a limit', () => {
  vi.spyOn(Math, 'random').mockReturnValue(1)
  open()

  const delays = Array.from({ length: 7 }, delayAfterFailure)

  expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000])
})

test('spreads the delays over half of their length', () => {
  const random = vi.spyOn(Math, 'random')
  open()

  random.mockReturnValue(0)
  expect(delayAfterFailure()).toBe(250)
  random.mockReturnValue(0.5)
  expect(delayAfterFailure()).toBe(750)
})

test('starts with a short delay again after a connection that lasted', () => {
  vi.spyOn(Math, 'random').mockReturnValue(1)
  open()
  Array.from({ length: 4 }, delayAfterFailure)

  last()?.open()
  vi.advanceTimersByTime(5000)

  expect(delayAfterFailure()).toBe(500)
})

test('keeps backing off from a server that accepts and drops connections', () => {
  vi.spyOn(Math, 'random').mockReturnValue(1)
  open()

  const delays = Array.from({ length: 3 }, () => {
    last()?.open()
    return delayAfterFailure()
  })

  expect(delays).toEqual([500, 1000, 2000])
})

test('has one connection open at a time', () => {
  open()
  Array.from({ length: 5 }, delayAfterFailure)

  expect(FakeEventSource.all.filter(({ isClosed }) => !isClosed)).toEqual([
    last(),
  ])
})

test('ends where its owner wants no other connection', () => {
  open(() => false)

  last()?.fail()
  vi.advanceTimersByTime(60_000)

  expect(FakeEventSource.all).toHaveLength(1)
})
