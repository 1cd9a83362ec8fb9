import { act, renderHook } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { makeProblem } from '@/testing/factories'
import { FakeEventSource } from '@/testing/fake-event-source'
import { server } from '@/testing/server'

import { openReconnectingSource } from './reconnecting-source'
import { useStreamsAreRefused } from './refused-streams'

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

const refusal = (code: string) =>
  http.get('/api/events/', () =>
    HttpResponse.json(makeProblem(429, code, 'No.'), { status: 429 }),
  )

test('says that too many streams are open, until one is open again', async () => {
  server.use(refusal('too_many_streams'))
  const onRefused = vi.fn()
  const { result } = renderHook(useStreamsAreRefused)
  openReconnectingSource({
    url: () => '/api/events/',
    types: ['news'],
    onMessage: () => undefined,
    onError: () => true,
    onRefused,
  })

  last()?.fail()
  await vi.waitFor(() => {
    expect(result.current).toBe(true)
  })
  expect(onRefused).toHaveBeenCalledOnce()

  vi.advanceTimersToNextTimer()
  act(() => last()?.open())
  expect(result.current).toBe(false)
})

test('says nothing of it once it is closed', async () => {
  server.use(refusal('too_many_streams'))
  const { result } = renderHook(useStreamsAreRefused)
  const source = open()
  last()?.fail()
  await vi.waitFor(() => {
    expect(result.current).toBe(true)
  })

  act(() => {
    source.close()
  })

  expect(result.current).toBe(false)
})

test.each(['throttled', 'queue_full'])(
  'is not refused by a %s',
  async (code) => {
    let requests = 0
    server.use(refusal(code))
    server.events.on('response:mocked', () => {
      requests += 1
    })
    const { result } = renderHook(useStreamsAreRefused)
    open()

    last()?.fail()
    await vi.waitFor(() => {
      expect(requests).toBe(1)
    })

    expect(result.current).toBe(false)
  },
)

test('asks for no reason where a connection was open', () => {
  const request = vi.spyOn(globalThis, 'fetch')
  open()

  last()?.open()
  last()?.fail()

  expect(request).not.toHaveBeenCalled()
  request.mockRestore()
})
