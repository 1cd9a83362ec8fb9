import { screen, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { beforeEach, expect, test } from 'vitest'

import { makePage, makeStep, makeTask } from '@/testing/factories'
import { server } from '@/testing/server'
import { serveTask } from '@/testing/task-server'

import { renderApp, signIn } from './render-app'

beforeEach(() => {
  signIn()
  serveTask(() => makeTask({ id: 7, steps_count: 3 }))
  server.use(
    http.get('/api/tasks/7/steps/', ({ request }) => {
      const cursor = new URL(request.url).searchParams.get('cursor')
      const page = cursor
        ? makePage([makeStep(3)])
        : makePage(
            [makeStep(1), makeStep(2)],
            '/api/tasks/7/steps/?cursor=after-2',
          )
      return HttpResponse.json({ ...page, count: 3 })
    }),
  )
})

test('shows the first steps, and the others on request', async () => {
  const { user } = renderApp('/tasks/7?view=timeline')
  const lines = await screen.findByRole('list', { name: 'Timeline' })
  expect(within(lines).getAllByText('openai:fake')).toHaveLength(2)
  expect(screen.getByText('Showing the first 2 of 3 steps.')).toBeVisible()

  await user.click(screen.getByRole('button', { name: 'Load more' }))

  expect(await within(lines).findAllByText('openai:fake')).toHaveLength(3)
  expect(screen.queryByText(/^Showing the first/)).not.toBeInTheDocument()
  expect(
    screen.queryByRole('button', { name: 'Load more' }),
  ).not.toBeInTheDocument()
})

test('shows all steps as the API returns them', async () => {
  const { user } = renderApp('/tasks/7?view=json')
  const steps = await screen.findByRole('region', { name: 'Steps' })
  expect(steps).not.toHaveTextContent('"position": 3')

  await user.click(screen.getByRole('button', { name: 'Load more' }))

  expect(await within(steps).findByText(/"position": 3/)).toBeVisible()
})
