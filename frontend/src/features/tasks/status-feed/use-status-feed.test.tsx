import { http, HttpResponse } from 'msw'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { StatusChanges } from '@/components/status'
import { makeProblem } from '@/testing/factories'
import { FakeEventSource } from '@/testing/fake-event-source'
import { renderPart } from '@/testing/render'
import { server } from '@/testing/server'

import { useStatusFeed } from './use-status-feed'

let received: StatusChanges[] = []
let isHidden = false

beforeEach(() => {
  received = []
  isHidden = false
  vi.useFakeTimers()
  vi.spyOn(document, 'hidden', 'get').mockImplementation(() => isHidden)
  server.use(http.get('/healthz', () => HttpResponse.json({})))
})

afterEach(() => {
  vi.useRealTimers()
})

function Feed() {
  useStatusFeed((changes) => received.push(changes))
  return null
}

async function follow() {
  const part = renderPart(<Feed />)
  await vi.waitFor(() => {
    expect(FakeEventSource.all).toHaveLength(1)
  })
  return part
}

const feed = () => FakeEventSource.all.at(-1)
const open = () => FakeEventSource.all.filter(({ isClosed }) => !isClosed)

const change = (task: unknown, status: unknown) => {
  feed()?.emit('task.changed', { task, status })
}

function setHidden(next: boolean) {
  isHidden = next
  document.dispatchEvent(new Event('visibilitychange'))
}

test('gathers changes, of which the last one of a task counts', async () => {
  await follow()
  change(1, 'pending')
  change(2, 'running')
  change(1, 'failed')
  expect(received).toEqual([])

  vi.advanceTimersByTime(500)

  expect(received).toEqual([
    new Map([
      [1, 'failed'],
      [2, 'running'],
    ]),
  ])
})

test('starts with nothing after it has reported', async () => {
  await follow()
  change(1, 'running')
  vi.advanceTimersByTime(500)
  change(2, 'running')
  vi.advanceTimersByTime(500)

  expect(received.at(-1)).toEqual(new Map([[2, 'running']]))
})

test('takes a resync for a change of any task', async () => {
  await follow()
  change(1, 'running')
  feed()?.emit('resync', {})
  change(2, 'running')
  vi.advanceTimersByTime(500)

  expect(received).toEqual(['all'])
})

test.each([
  [1, 'a status of the future'],
  ['1', 'running'],
  [null, null],
])(
  'takes a change that it cannot read for one of any task: %j %j',
  async (task, status) => {
    await follow()
    change(task, status)
    vi.advanceTimersByTime(500)

    expect(received).toEqual(['all'])
  },
)

test('gathers 10,000 changes into one report', async () => {
  await follow()
  for (let task = 1; task <= 10_000; task += 1) change(task, 'running')
  vi.advanceTimersByTime(500)

  expect(received).toHaveLength(1)
  expect(received[0]).toHaveProperty('size', 10_000)
})

test('connects again after a failure, with one connection at a time', async () => {
  await follow()
  feed()?.fail()
  vi.advanceTimersByTime(10_000)

  expect(FakeEventSource.all).toHaveLength(2)
  expect(open()).toHaveLength(1)
})

test('gives the connection back while the page is hidden', async () => {
  await follow()

  setHidden(true)
  expect(open()).toHaveLength(0)

  setHidden(false)
  expect(open()).toHaveLength(1)
})

test('reports nothing once its screen is gone', async () => {
  const { unmount } = await follow()
  change(1, 'running')

  unmount()
  vi.advanceTimersByTime(60_000)

  expect(received).toEqual([])
  expect(open()).toHaveLength(0)
})

test.each([
  [429, 'too_many_streams'],
  [401, 'not_authenticated'],
])(
  'reads everything again each time another stream is refused with %i',
  async (status, code) => {
    const problem = makeProblem(status, code, 'No.')
    server.use(
      http.get('/api/events/', () => HttpResponse.json(problem, { status })),
    )
    await follow()

    feed()?.fail()

    await vi.waitFor(() => {
      expect(received).toEqual(['all'])
    })
  },
)
