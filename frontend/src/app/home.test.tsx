import { screen, waitFor, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { beforeEach, expect, test } from 'vitest'

import type { Schemas } from '@/lib/api/client'
import {
  makeAgent,
  makePage,
  makeProblem,
  makeStats,
  makeTaskRow,
} from '@/testing/factories'
import { server } from '@/testing/server'
import { sees } from '@/testing/sees'

import { renderApp, signIn } from './render-app'

let tasks: Schemas['TaskRow'][] = []
let asked: URLSearchParams[] = []

beforeEach(() => {
  tasks = [
    makeTaskRow({ id: 1, status: 'running', input_text: 'Count the stars' }),
    makeTaskRow({
      id: 2,
      status: 'failed',
      input_text: 'Read the mail',
      error_code: 'provider_auth',
      error_detail: 'The provider refused the key.',
    }),
  ]
  asked = []
  signIn()
  server.use(
    http.get('/api/tasks/', ({ request }) => {
      const statuses = new URL(request.url).searchParams.getAll('status')
      const rows = tasks.filter(
        ({ status }) => statuses.length === 0 || statuses.includes(status),
      )
      return HttpResponse.json(makePage(rows))
    }),
    http.get('/api/stats/', ({ request }) => {
      asked.push(new URL(request.url).searchParams)
      const stats = makeStats({
        completed: 7,
        failed: 2,
        input_tokens: 1200,
        latency_seconds: { p50: 0.4, p95: 12 },
      })
      return HttpResponse.json(stats)
    }),
  )
})

test('shows running tasks, failures and their reasons', async () => {
  renderApp('/')

  const running = await screen.findByRole('list', { name: 'Running now' })
  expect(within(running).getByText('Count the stars')).toBeVisible()
  const failures = screen.getByRole('list', { name: 'Recent failures' })
  expect(failures).toHaveTextContent('The provider refused the key.')
})

test('retries a failed task', async () => {
  server.use(
    http.post('/api/tasks/2/retry/', () => {
      tasks = [makeTaskRow({ id: 2, status: 'pending' })]
      return HttpResponse.json(tasks[0])
    }),
  )
  const { user } = renderApp('/')

  await user.click(await screen.findByRole('button', { name: 'Retry task 2' }))

  await sees('No tasks have failed.')
  await sees('Task 2 was queued again.')
})

test('describes a chart in words, and as a table', async () => {
  const { user } = renderApp('/')

  expect(
    await screen.findByRole('img', {
      name: '7 completed, 2 failed, 0 cancelled.',
    }),
  ).toBeVisible()
  await user.click(
    screen.getByRole('button', { name: 'Time to completion as a table' }),
  )

  const table = screen.getByRole('region', {
    name: 'Time to completion as a table',
  })
  expect(
    within(table).getByRole('row', { name: 'Mon, May 4 400 ms 12 s' }),
  ).toBeVisible()
  expect(
    within(table).getByRole('row', { name: 'Sun, May 3 – –' }),
  ).toBeVisible()
})

test.each([
  ['0.0123', true, '$0.012', 'The tasks cost $0.012.'],
  ['3.4', false, '$3.40 + ?', 'The tasks cost $3.40, plus an unknown amount.'],
  ['0', false, '?', 'The cost of the tasks is unknown.'],
  ['0', true, '$0', 'The tasks cost $0.'],
])('describes a cost of %s, complete: %s', async (...row) => {
  const [cost, cost_is_complete, shown, summary] = row
  server.use(
    http.get('/api/stats/', () =>
      HttpResponse.json(makeStats({ completed: 1, cost, cost_is_complete })),
    ),
  )
  const { user } = renderApp('/')

  expect(await screen.findByRole('img', { name: summary })).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Cost as a table' }))

  const table = screen.getByRole('region', { name: 'Cost as a table' })
  expect(
    within(table).getByRole('row', { name: `Mon, May 4 ${shown}` }),
  ).toBeVisible()
  const agents = screen.getByRole('table', { name: 'By agent' })
  expect(within(agents).getByRole('cell', { name: shown })).toBeVisible()
})

test('keeps the time range in the URL', async () => {
  const { history, user } = renderApp('/?range=7d')
  expect(await screen.findByRole('radio', { name: '7 days' })).toBeChecked()

  await user.click(screen.getByRole('radio', { name: '24 hours' }))

  await waitFor(() => {
    expect(history.location.search).toBe('?range=24h')
  })
  await waitFor(() => {
    expect(asked.at(-1)?.get('bucket')).toBe('hour')
  })
})

test('links to the first run', async () => {
  tasks = []
  server.use(
    http.get('/api/agents/', () => HttpResponse.json(makePage([makeAgent()]))),
  )
  renderApp('/')

  const link = await screen.findByRole('link', { name: 'Run Assistant' })

  expect(link).toHaveAttribute('href', '/agents/1')
})

test('shows why a section could not be loaded, and retries', async () => {
  let isBroken = true
  server.use(
    http.get('/api/stats/', () =>
      isBroken
        ? HttpResponse.json(makeProblem(404, 'error', 'Gone.'), { status: 404 })
        : HttpResponse.json(makeStats()),
    ),
  )
  const { user } = renderApp('/')
  expect(await screen.findByRole('alert')).toBeVisible()

  isBroken = false
  await user.click(screen.getByRole('button', { name: 'Try again' }))

  expect(
    await screen.findByRole('heading', { name: 'Finished tasks' }),
  ).toBeVisible()
})
