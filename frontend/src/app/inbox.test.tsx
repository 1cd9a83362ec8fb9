import { act, screen, waitFor, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { beforeEach, expect, test } from 'vitest'

import { makeAgent, makePage, makeTask, makeTaskRow } from '@/testing/factories'
import { FakeEventSource } from '@/testing/fake-event-source'
import { server } from '@/testing/server'
import { sees } from '@/testing/sees'

import { renderApp, signIn } from './render-app'

const tasks = [3, 2, 1].map((id) =>
  makeTaskRow({ id, input_text: `Input ${id}`, status: 'running' }),
)
let next: string | null = null
let asked: URLSearchParams[] = []
let sent: { verb: string; search: string; body: unknown } | undefined

beforeEach(() => {
  next = null
  asked = []
  sent = undefined
  sessionStorage.clear()
  signIn()
  server.use(
    http.get('/api/agents/', () => HttpResponse.json(makePage([]))),
    http.get('/api/agents/:id/', () => HttpResponse.json(makeAgent())),
    http.get('/api/tasks/', ({ request }) => {
      const { searchParams } = new URL(request.url)
      // The layout requests the running tasks; that is not the inbox.
      if (searchParams.get('limit') === '50') asked.push(searchParams)
      return HttpResponse.json(makePage(tasks, next))
    }),
    http.get('/api/tasks/:id/', ({ params }) =>
      HttpResponse.json(makeTask({ id: Number(params['id']) })),
    ),
    http.get('/api/tasks/:id/conversation/', () => HttpResponse.json([])),
    http.get('/api/approvals/', () => HttpResponse.json(makePage([]))),
    http.post('/api/tasks/:verb/', async ({ request, params }) => {
      const { search } = new URL(request.url)
      sent = {
        verb: String(params['verb']),
        search,
        body: await request.json(),
      }
      return HttpResponse.json({ count: 2 })
    }),
  )
})

const feed = () =>
  FakeEventSource.all.findLast(({ url }) => url === '/api/events/')

async function openInbox(address = '/tasks') {
  const app = renderApp(address)
  await screen.findByRole('link', { name: 'Input 3' })
  return app
}

test('cancels the selected tasks after confirmation', async () => {
  const { user } = await openInbox()

  await user.click(screen.getByRole('checkbox', { name: 'Select task 3' }))
  await user.keyboard('{Shift>}')
  await user.click(screen.getByRole('checkbox', { name: 'Select task 2' }))
  await user.keyboard('{/Shift}')
  const bar = screen.getByRole('group', { name: 'Selected tasks' })
  expect(bar).toHaveTextContent('2 tasks')
  await user.click(within(bar).getByRole('button', { name: 'Cancel' }))
  await user.click(await screen.findByRole('button', { name: 'Cancel tasks' }))

  await sees('2 tasks cancelled.')
  expect(sent).toEqual({ verb: 'cancel', search: '', body: { ids: [3, 2] } })
  expect(screen.queryByRole('group', { name: 'Selected tasks' })).toBeNull()
})

test('retries all matching tasks, loaded or not', async () => {
  next = 'http://server/api/tasks/?cursor=abc'
  const { user } = await openInbox('/tasks?agent=1&search=sea')

  await user.click(
    screen.getByRole('checkbox', { name: 'Select all shown tasks' }),
  )
  await user.click(
    screen.getByRole('button', { name: /^Select all .* that match$/ }),
  )
  await user.click(screen.getByRole('button', { name: 'Retry' }))

  await sees('2 tasks queued again.')
  expect(sent).toEqual({
    verb: 'retry',
    search: '?search=sea',
    body: { agent: 1, status: ['failed', 'cancelled'] },
  })
})

test('is navigated by keyboard', async () => {
  const { history, user } = await openInbox()

  await user.keyboard('jj')
  expect(screen.getByRole('link', { name: 'Input 2' })).toHaveFocus()
  await user.keyboard('kx')
  expect(screen.getByRole('checkbox', { name: 'Select task 3' })).toBeChecked()
  await user.keyboard('jjX')
  expect(screen.getByRole('checkbox', { name: 'Select task 1' })).toBeChecked()
  expect(screen.getByRole('checkbox', { name: 'Select task 2' })).toBeChecked()
  await user.keyboard('{Escape}')
  expect(
    screen.getByRole('checkbox', { name: 'Select task 1' }),
  ).not.toBeChecked()
  await user.keyboard('/')
  expect(screen.getByLabelText('Search tasks')).toHaveFocus()
  screen.getByRole('link', { name: 'Input 1' }).focus()
  await user.keyboard('{Enter}')
  await waitFor(() => {
    expect(history.location.pathname).toBe('/tasks/1')
  })
})

test('filters by time and orders, in the address', async () => {
  const { history, user } = await openInbox()

  await user.click(screen.getByRole('button', { name: 'Submitted: Any time' }))
  await user.click(screen.getByRole('button', { name: 'Last 24 hours' }))
  await waitFor(() => {
    expect(history.location.search).toBe('?period=24h')
  })
  await user.click(screen.getByRole('button', { name: 'Order: Newest first' }))
  await user.click(screen.getByRole('menuitemradio', { name: 'By agent' }))
  await waitFor(() => {
    expect(history.location.search).toBe('?period=24h&ordering=agent__name')
  })

  await waitFor(() => {
    expect(asked.at(-1)?.get('ordering')).toBe('agent__name')
  })
  const since = Date.parse(asked.at(-1)?.get('created_at__gte') ?? '')
  const day = 24 * 60 * 60 * 1000
  expect(Math.abs(Date.now() - day - since)).toBeLessThan(60_000)
})

test('takes calendar days in the local time zone', async () => {
  await openInbox('/tasks?from=2026-05-04&to=2026-05-06')

  const query = asked.at(-1)
  expect(query?.get('created_at__gte')).toBe(
    new Date('2026-05-04T00:00:00').toISOString(),
  )
  expect(query?.get('created_at__lte')).toBe(
    new Date('2026-05-06T23:59:59.999').toISOString(),
  )
  expect(
    screen.getByRole('button', { name: 'Submitted: May 4 – May 6' }),
  ).toBeVisible()
})

test('shows the new status of a task as soon as it is published', async () => {
  await openInbox()
  expect(screen.queryByRole('img', { name: 'Failed' })).toBeNull()
  // The response to the next request never arrives.
  server.use(http.get('/api/tasks/', () => new Promise(() => undefined)))

  act(() => {
    feed()?.emit('task.changed', { task: 2, status: 'failed' })
  })

  expect(await screen.findByRole('img', { name: 'Failed' })).toBeVisible()
})

test('announces the end of a task that was started here, with a link to it', async () => {
  sessionStorage.setItem('agentarium.started', '[2]')
  const { history, user } = await openInbox()

  act(() => {
    feed()?.emit('task.changed', { task: 1, status: 'completed' })
    feed()?.emit('task.changed', { task: 2, status: 'completed' })
  })

  await sees('Assistant completed task 2')
  await user.click(screen.getByRole('button', { name: 'Open' }))
  await waitFor(() => {
    expect(history.location.pathname).toBe('/tasks/2')
  })
  expect(sessionStorage.getItem('agentarium.started')).toBe('[]')
})
