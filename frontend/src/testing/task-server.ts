import { act, waitFor } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { expect } from 'vitest'

import type { Schemas } from '@/lib/api/client'

import {
  makeAgent,
  makePage,
  makeStats,
  makeTask,
  makeVersion,
} from './factories'
import { FakeEventSource } from './fake-event-source'
import { server } from './server'

type Task = Schemas['Task']

export const RUNNING = makeTask({
  id: 7,
  status: 'running',
  output_text: '',
  finished_at: null,
  input_tokens: 0,
  output_tokens: 0,
  cost: '0',
})

/** An agent with one task, which is what `current` returns at each request. */
export function serveTask(current: () => Task) {
  server.use(
    http.get('/api/stats/', () => HttpResponse.json(makeStats())),
    http.get('/api/agents/', () => HttpResponse.json(makePage([makeAgent()]))),
    http.get('/api/agents/1/', () => HttpResponse.json(makeAgent())),
    http.get('/api/agents/1/versions/', () =>
      HttpResponse.json(makePage([makeVersion()])),
    ),
    http.get('/api/tasks/', () => HttpResponse.json(makePage([current()]))),
    http.get('/api/tasks/7/', () => HttpResponse.json(current())),
    http.get('/api/tasks/:id/conversation/', () => HttpResponse.json([])),
    http.get('/api/approvals/', () => HttpResponse.json(makePage([]))),
  )
}

export const openStreams = () =>
  FakeEventSource.all.filter(
    ({ url, isClosed }) => url.startsWith('/api/tasks/') && !isClosed,
  )

/** The only open stream of a task, once there is one. */
export async function openStream() {
  await waitFor(() => {
    expect(openStreams()).toHaveLength(1)
  })
  const [source] = openStreams()
  if (!source) throw new Error('There is no stream.')
  act(() => {
    source.open()
  })
  return source
}

export const delta = (text: string) => ({ step: 1, text })
