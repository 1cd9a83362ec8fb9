import { act, screen, waitFor, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { afterEach, beforeEach, expect, test } from 'vitest'

import {
  makeAgent,
  makePage,
  makeProblem,
  makeStats,
  makeTaskRow,
  makeVersion,
} from '@/testing/factories'
import { FakeEventSource } from '@/testing/fake-event-source'
import { server } from '@/testing/server'
import { sees } from '@/testing/sees'

import { renderApp, signIn } from './render-app'

const params = (request: Request) => new URL(request.url).searchParams

let running = 0

beforeEach(() => {
  running = 0
  signIn()
  server.use(
    http.get('/api/stats/', () => HttpResponse.json(makeStats())),
    http.get('/api/agents/', ({ request }) => {
      const isFound = 'assistant'.includes(params(request).get('search') ?? '')
      return HttpResponse.json(makePage(isFound ? [makeAgent()] : []))
    }),
    http.get('/api/agents/1/', () => HttpResponse.json(makeAgent())),
    http.get('/api/agents/1/versions/', () =>
      HttpResponse.json(makePage([makeVersion()])),
    ),
    http.get('/api/models/', () => HttpResponse.json([])),
    http.get('/api/providers/', () => HttpResponse.json([])),
    http.get('/api/tools/', () => HttpResponse.json(makePage([]))),
    http.get('/api/tasks/', ({ request }) =>
      HttpResponse.json(
        params(request).has('status')
          ? { ...makePage([]), count: running }
          : makePage([makeTaskRow()]),
      ),
    ),
  )
})

afterEach(() => {
  delete document.documentElement.dataset['theme']
  localStorage.clear()
})

async function renderTasks() {
  const app = renderApp('/tasks')
  await screen.findByRole('link', { name: 'Say hello' })
  return app
}

const paletteField = () =>
  screen.findByRole('combobox', { name: 'Search or run a command' })

test('finds an agent by its name, without the mouse', async () => {
  const { history, user } = await renderTasks()

  await user.keyboard('{Control>}k{/Control}')
  await user.type(await paletteField(), 'assist')
  expect(
    await screen.findByRole('option', { name: /^Assistant/ }),
  ).toBeVisible()
  await waitFor(() => {
    expect(screen.queryByText('Actions')).toBeNull()
  })
  await user.keyboard('{Enter}')

  await waitFor(() => {
    expect(history.location.pathname).toBe('/agents/1')
  })
  expect(screen.queryByRole('dialog')).toBeNull()
})

test('takes input before the palette has loaded', async () => {
  const { history, user } = await renderTasks()

  await user.keyboard('{Control>}k{/Control}new')
  const field = await paletteField()

  expect(field).toHaveValue('new')
  expect(field).toHaveFocus()
  await user.keyboard(' agent{Enter}')
  expect(await screen.findByRole('dialog', { name: 'New agent' })).toBeVisible()
  expect(history.location.href).toBe('/agents?dialog=new')
})

test('runs the action that is typed', async () => {
  const { history, user } = await renderTasks()

  await user.click(screen.getByRole('button', { name: 'Search' }))
  await user.type(await paletteField(), 'theme dark{Enter}')
  expect(document.documentElement).toHaveAttribute('data-theme', 'dark')

  await user.keyboard('{Control>}k{/Control}')
  await user.type(await paletteField(), 'new agent{Enter}')
  expect(await screen.findByRole('dialog', { name: 'New agent' })).toBeVisible()
  expect(history.location.href).toBe('/agents?dialog=new')
})

test('goes to a screen by two keys, unless the user is typing', async () => {
  const { history, user } = await renderTasks()

  await user.type(screen.getByLabelText('Search tasks'), 'ga?')
  expect(history.location.pathname).toBe('/tasks')
  act(() => {
    ;(document.activeElement as HTMLElement).blur()
  })

  await user.keyboard('?')
  const help = within(
    await screen.findByRole('dialog', { name: 'Keyboard shortcuts' }),
  )
  expect(help.getByText('Go to Agents')).toBeVisible()
  await user.keyboard('{Escape}')
  await user.keyboard('ga')

  expect(await screen.findByRole('heading', { name: 'Agents' })).toBeVisible()
  await user.keyboard('/')
  expect(screen.getByLabelText('Search agents')).toHaveFocus()
  await user.keyboard('{Escape}gt')
  expect(await screen.findByRole('heading', { name: 'Tasks' })).toBeVisible()
})

test('shows in the title how many tasks are running', async () => {
  running = 2
  await renderTasks()
  await waitFor(() => {
    expect(document.title).toBe('(2) Tasks · Agentarium')
  })
  running = 0
  const feed = FakeEventSource.all.find(({ url }) => url === '/api/events/')

  act(() => {
    feed?.emit('task.changed', { task: 1, status: 'completed' })
  })

  await waitFor(() => {
    expect(document.title).toBe('Tasks · Agentarium')
  })
})

test('shows that the server does not respond, and when it does again', async () => {
  let isAway = true
  server.use(
    http.get('/healthz', () =>
      isAway ? HttpResponse.error() : HttpResponse.json({}),
    ),
  )
  await renderTasks()
  const feed = FakeEventSource.all.find(({ url }) => url === '/api/events/')

  act(() => {
    feed?.fail()
  })
  const note = await screen.findByText(/Agentarium is not responding/)
  isAway = false

  await sees('Connection restored.')
  await waitFor(() => {
    expect(note).not.toBeInTheDocument()
  })
})

test('says what to do while too many streams are open', async () => {
  const problem = makeProblem(429, 'too_many_streams', 'Close some.')
  server.use(
    http.get('/healthz', () => HttpResponse.json({})),
    http.get('/api/events/', () => HttpResponse.json(problem, { status: 429 })),
  )
  await renderTasks()

  act(() => {
    FakeEventSource.all.find(({ url }) => url === '/api/events/')?.fail()
  })

  const note = await screen.findByText(/Close other tabs/)
  await waitFor(() => {
    expect(FakeEventSource.all.at(-1)?.isClosed).toBe(false)
  })
  act(() => FakeEventSource.all.at(-1)?.open())
  await waitFor(() => {
    expect(note).not.toBeInTheDocument()
  })
})

test.each([
  { address: '/tasks/9', api: '/api/tasks/9/', link: 'See all tasks' },
  { address: '/agents/9', api: '/api/agents/9/', link: 'See all agents' },
])(
  'links to the list from what does not exist at $address',
  async (missing) => {
    const problem = makeProblem(404, 'not_found', 'There is none.')
    server.use(
      http.get(missing.api, () => HttpResponse.json(problem, { status: 404 })),
      http.get('/api/tasks/9/conversation/', () => HttpResponse.json([])),
    )
    renderApp(missing.address)

    expect(
      await screen.findByRole('link', { name: missing.link }),
    ).toBeVisible()
    expect(screen.queryByRole('button', { name: 'Try again' })).toBeNull()
  },
)

test('shows the navigation at an unknown address', async () => {
  renderApp('/nowhere/at/all')

  expect(
    await screen.findByRole('heading', { name: 'Page not found' }),
  ).toBeVisible()
  expect(screen.getByRole('link', { name: 'Go to Home' })).toBeVisible()
  expect(screen.getAllByRole('navigation', { name: 'Main' })).not.toHaveLength(
    0,
  )
})
