import { screen, waitFor, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { beforeEach, expect, test } from 'vitest'

import type { Schemas } from '@/lib/api/client'
import { makePage, makeProblem, makeUser } from '@/testing/factories'
import { server } from '@/testing/server'
import { sees } from '@/testing/sees'

import { renderApp, signIn } from './render-app'

const token: Schemas['ApiToken'] = {
  id: 7,
  name: 'nightly report',
  prefix: 'agt_12345678',
  scopes: ['read', 'run'],
  rate: '',
  created_at: '2026-05-04T10:00:00Z',
  expires_at: '2026-01-01T00:00:00Z',
  last_used_at: null,
}

let tokens: Schemas['ApiToken'][] = []

beforeEach(() => {
  tokens = [token]
  signIn({ email: 'alice@example.org' })
  server.use(
    http.get('/api/tokens/', () => HttpResponse.json(makePage(tokens))),
    http.get('/api/tasks/', () => HttpResponse.json(makePage([]))),
  )
})

test('saves another e-mail address', async () => {
  let body: unknown
  server.use(
    http.patch('/api/auth/me/', async ({ request }) => {
      body = await request.json()
      return HttpResponse.json(makeUser({ email: 'a@example.net' }))
    }),
  )
  const { user } = renderApp('/settings')
  const field = await screen.findByLabelText('E-mail')

  await user.clear(field)
  await user.type(field, 'a@example.net{Enter}')

  await sees('E-mail address saved.')
  expect(body).toEqual({ email: 'a@example.net' })
})

test('shows on its field that a password is wrong', async () => {
  server.use(
    http.post('/api/auth/password/', () =>
      HttpResponse.json(
        makeProblem(400, 'invalid', 'The input is not valid.', {
          current_password: [
            { code: 'wrong', detail: 'The password is wrong.' },
          ],
        }),
        { status: 400 },
      ),
    ),
  )
  const { user } = renderApp('/settings')

  await user.type(await screen.findByLabelText('Current password'), 'guess')
  await user.type(screen.getByLabelText('New password'), 'another one{Enter}')

  await waitFor(() => {
    expect(
      screen.getByLabelText('Current password'),
    ).toHaveAccessibleDescription('The password is wrong.')
  })
})

test('shows a new token only once', async () => {
  let body: Partial<Schemas['ApiTokenRequest']> = {}
  server.use(
    http.post('/api/tokens/', async ({ request }) => {
      body = (await request.json()) as Schemas['ApiTokenRequest']
      const made = { ...token, id: 8, name: 'phone', token: 'agt_secret' }
      tokens = [made, token]
      return HttpResponse.json(made, { status: 201 })
    }),
  )
  const { user } = renderApp('/settings?part=tokens')
  await sees(/expired/)

  await user.click(screen.getByRole('button', { name: 'New token' }))
  await user.type(screen.getByLabelText('Name'), 'phone')
  await user.click(screen.getByRole('checkbox', { name: /^Run/ }))
  await user.selectOptions(screen.getByLabelText('Valid for'), 'No expiry')
  await user.click(screen.getByRole('button', { name: 'Create token' }))

  await sees('agt_secret')
  expect(body).toEqual({
    name: 'phone',
    scopes: ['read'],
    rate: '',
    expires_at: null,
  })
  await user.click(screen.getByRole('button', { name: 'I have copied it' }))
  expect(screen.queryByText('agt_secret')).not.toBeInTheDocument()
  expect(screen.getByRole('list', { name: 'API tokens' })).toHaveTextContent(
    'phone',
  )
})

test('revokes a token after confirmation', async () => {
  server.use(
    http.delete('/api/tokens/7/', () => {
      tokens = []
      return new HttpResponse(null, { status: 204 })
    }),
  )
  const { user } = renderApp('/settings?part=tokens')

  await user.click(
    await screen.findByRole('button', { name: 'Revoke nightly report' }),
  )
  const dialog = screen.getByRole('alertdialog')
  await user.click(within(dialog).getByRole('button', { name: 'Revoke' }))

  await sees('No tokens yet')
})

test('shows once what a provider needs, not for each of its models', async () => {
  const needs = 'Set ANTHROPIC_API_KEY.'
  const models = ['claude', 'other'].map((name) => ({
    id: `anthropic:${name}`,
    provider: 'anthropic',
    is_available: false,
    is_default: false,
    price: null,
    reason: needs,
  }))
  server.use(
    http.get('/api/models/', () => HttpResponse.json(models)),
    http.get('/api/providers/', () =>
      HttpResponse.json([
        {
          name: 'anthropic',
          title: 'Anthropic',
          is_configured: false,
          reason: needs,
        },
      ]),
    ),
  )
  renderApp('/settings?part=models')

  await sees(needs)
  expect(screen.getByRole('img', { name: 'Not ready' })).toBeVisible()
})

test('hides the workers from users who are not staff', async () => {
  renderApp('/settings?part=operations')

  expect(await screen.findByRole('heading', { name: 'Profile' })).toBeVisible()
  expect(screen.queryByText('Workers and queue')).not.toBeInTheDocument()
})

test('marks tasks as failed after confirmation', async () => {
  let body: unknown
  signIn({ is_staff: true })
  const none = { hour: 0, day: 0 }
  server.use(
    http.get('/api/workers/', () => HttpResponse.json([])),
    http.get('/api/queue/', () =>
      HttpResponse.json({
        depth: {
          pending: 3,
          due: 3,
          not_due: 0,
          running: 0,
          waiting: 0,
          priorities: [],
        },
        oldest: { task: 5, since: '2026-05-04T10:00:00Z', age_seconds: 300 },
        workers: { alive: 0, capacity: 0 },
        recovered: none,
        lost: none,
      } satisfies Schemas['Queue']),
    ),
    http.post('/api/queue/fail/', async ({ request }) => {
      body = await request.json()
      return HttpResponse.json({ count: 2 })
    }),
  )
  const { user } = renderApp('/settings?part=operations')
  await sees('5 m 00 s')

  await user.type(screen.getByLabelText('Task IDs'), 'five')
  await user.click(screen.getByRole('button', { name: 'Fail tasks' }))
  expect(await screen.findByRole('alert')).toHaveTextContent('Enter task IDs')
  await user.clear(screen.getByLabelText('Task IDs'))
  await user.type(screen.getByLabelText('Task IDs'), '5, 6')
  await user.click(screen.getByRole('button', { name: 'Fail tasks' }))
  const dialog = await screen.findByRole('alertdialog')
  await user.click(within(dialog).getByRole('button', { name: 'Fail tasks' }))

  await sees('2 tasks marked as failed.')
  expect(body).toEqual({ ids: [5, 6] })
})
