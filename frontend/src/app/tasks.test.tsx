import { act, screen, waitFor } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { beforeEach, expect, test } from 'vitest'

import { makeAgent, makePage, makeTaskRow } from '@/testing/factories'
import { FakeEventSource } from '@/testing/fake-event-source'
import { server } from '@/testing/server'
import { sees } from '@/testing/sees'

import { renderApp, signIn } from './render-app'

let asked: URLSearchParams[] = []

beforeEach(() => {
  asked = []
  signIn()
  server.use(
    http.get('/api/agents/', () => HttpResponse.json(makePage([makeAgent()]))),
    http.get('/api/agents/1/', () => HttpResponse.json(makeAgent())),
    http.get('/api/tasks/', ({ request }) => {
      const { searchParams } = new URL(request.url)
      // The count of running tasks requests only a few rows.
      if (searchParams.get('limit') !== '6') asked.push(searchParams)
      return HttpResponse.json(makePage([makeTaskRow()]))
    }),
  )
})

const last = () => asked.at(-1)

test('requests what the address says', async () => {
  renderApp('/tasks?status=failed,cancelled&agent=1&search=hello')

  await screen.findByRole('link', { name: 'Say hello' })
  expect(last()?.getAll('status')).toEqual(['failed', 'cancelled'])
  expect(last()?.get('agent')).toBe('1')
  expect(last()?.get('search')).toBe('hello')
  expect(screen.getByLabelText('Search tasks')).toHaveValue('hello')
  expect(
    screen.getByRole('button', { name: 'Status: 2 statuses' }),
  ).toBeVisible()
  expect(
    await screen.findByRole('combobox', { name: 'Agent: Assistant' }),
  ).toBeVisible()
})

test('filters by how answers ended, and marks those cut off', async () => {
  server.use(
    http.get('/api/tasks/', ({ request }) => {
      const { searchParams } = new URL(request.url)
      const reason = searchParams.get('finish_reason')
      const row = makeTaskRow({ finish_reason: reason ? 'length' : 'stop' })
      return HttpResponse.json(makePage([row]))
    }),
  )
  const { history, user } = renderApp('/tasks')
  await screen.findByRole('link', { name: 'Say hello' })
  expect(screen.queryByText('cut off')).toBeNull()

  await user.click(screen.getByRole('button', { name: 'Answer: Any answer' }))
  await user.click(screen.getByRole('menuitemradio', { name: 'Cut off' }))

  expect(await screen.findByText('cut off')).toBeVisible()
  expect(history.location.search).toBe('?finish_reason=length')
})

test('ignores invalid filters in the address', async () => {
  renderApp('/tasks?status=nonsense&agent=x&finish_reason=y')

  await screen.findByRole('link', { name: 'Say hello' })
  expect(last()?.toString()).toBe('limit=50')
})

test('writes each filter into the address', async () => {
  const { history, user } = renderApp('/tasks')
  await screen.findByRole('link', { name: 'Say hello' })

  await user.click(screen.getByRole('button', { name: 'Status: Any status' }))
  await user.click(screen.getByRole('menuitemcheckbox', { name: 'Failed' }))
  await user.click(screen.getByRole('menuitemcheckbox', { name: 'Completed' }))
  await user.keyboard('{Escape}')
  await waitFor(() => {
    expect(history.location.search).toBe('?status=completed,failed')
  })

  await user.click(screen.getByRole('combobox', { name: 'Agent: Any agent' }))
  await user.click(await screen.findByRole('option', { name: 'Assistant' }))
  await waitFor(() => {
    expect(history.location.search).toBe('?status=completed,failed&agent=1')
  })

  await user.type(screen.getByLabelText('Search tasks'), 'hello')
  await waitFor(() => {
    expect(history.location.search).toBe(
      '?status=completed,failed&agent=1&search=hello',
    )
  })
  await waitFor(() => {
    expect(last()?.get('search')).toBe('hello')
  })

  await user.click(screen.getByRole('button', { name: 'Clear' }))
  await waitFor(() => {
    expect(history.location.search).toBe('')
  })
  expect(screen.getByLabelText('Search tasks')).toHaveValue('')
})

test('loads the next page after the cursor', async () => {
  const second = makeTaskRow({ id: 2, input_text: 'Say goodbye' })
  server.use(
    http.get('/api/tasks/', ({ request }) => {
      const cursor = new URL(request.url).searchParams.get('cursor')
      const page = cursor
        ? makePage([second])
        : makePage([makeTaskRow()], 'http://server/api/tasks/?cursor=abc')
      return HttpResponse.json(page)
    }),
  )
  const { user } = renderApp('/tasks')

  await user.click(await screen.findByRole('button', { name: 'Load more' }))

  expect(await screen.findByRole('link', { name: 'Say goodbye' })).toBeVisible()
  expect(screen.getByRole('link', { name: 'Say hello' })).toBeVisible()
  expect(screen.queryByRole('button', { name: 'Load more' })).toBeNull()
})

test('reloads once when tasks have changed', async () => {
  renderApp('/tasks')
  await screen.findByRole('link', { name: 'Say hello' })
  const feed = FakeEventSource.all.find(({ url }) => url === '/api/events/')
  const before = asked.length

  act(() => {
    feed?.emit('task.changed', { task: 1, status: 'completed' })
    feed?.emit('task.changed', { task: 2, status: 'failed' })
  })

  await waitFor(() => {
    expect(asked).toHaveLength(before + 1)
  })
})

test('links from an empty inbox to the agents', async () => {
  server.use(http.get('/api/tasks/', () => HttpResponse.json(makePage([]))))

  renderApp('/tasks')

  await sees('No tasks yet')
  expect(screen.getByRole('link', { name: 'Choose an agent' })).toHaveAttribute(
    'href',
    '/agents',
  )
})
