import { screen, waitFor } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'

import {
  makePage,
  makeProblem,
  makeStats,
  makeTaskRow,
  makeUser,
} from '@/testing/factories'
import { server } from '@/testing/server'

import { renderApp } from './render-app'

const problem = (...args: Parameters<typeof makeProblem>) =>
  HttpResponse.json(makeProblem(...args), { status: args[0] })

/** A server without a session. */
function answerAsStranger({
  hasUsers = true,
  isOpen = true,
  isCodeNeeded = false,
} = {}) {
  const reject = () => problem(401, 'not_authenticated', 'Sign in first.')
  server.use(
    http.get('/api/auth/me/', reject),
    http.get('/api/tasks/', reject),
    http.get('/api/agents/', reject),
    http.get('/api/auth/session/', () =>
      HttpResponse.json({
        is_authenticated: false,
        has_users: hasUsers,
        is_registration_open: isOpen,
        is_setup_code_needed: isCodeNeeded,
      }),
    ),
  )
}

function answerAsAlice() {
  server.use(
    http.get('/api/auth/me/', () => HttpResponse.json(makeUser())),
    http.get('/api/tasks/', () => HttpResponse.json(makePage([makeTaskRow()]))),
    http.get('/api/agents/', () => HttpResponse.json(makePage([]))),
    http.get('/api/approvals/', () => HttpResponse.json(makePage([]))),
    http.get('/api/stats/', () => HttpResponse.json(makeStats())),
  )
}

test('returns to the requested screen after signing in', async () => {
  answerAsStranger()
  document.cookie = 'csrftoken=crumb'
  let sent: { token: string | null; body: unknown } | undefined
  server.use(
    http.post('/api/auth/login/', async ({ request }) => {
      const token = request.headers.get('X-CSRFToken')
      sent = { token, body: await request.json() }
      answerAsAlice()
      return HttpResponse.json(makeUser())
    }),
  )
  const { history, user } = renderApp('/tasks?status=completed')

  await user.type(await screen.findByLabelText('Username'), 'alice')
  await user.type(screen.getByLabelText('Password'), 'a secret')
  await user.click(screen.getByRole('button', { name: 'Sign in' }))

  expect(await screen.findByRole('heading', { name: 'Tasks' })).toBeVisible()
  expect(history.location.href).toBe('/tasks?status=completed')
  expect(sent).toEqual({
    token: 'crumb',
    body: { username: 'alice', password: 'a secret' },
  })
})

test('shows why signing in failed, and keeps the username', async () => {
  answerAsStranger()
  server.use(
    http.post('/api/auth/login/', () =>
      problem(401, 'invalid_credentials', 'The name or the password is wrong.'),
    ),
  )
  const { user } = renderApp('/sign-in')

  await user.type(await screen.findByLabelText('Username'), 'alice')
  await user.type(screen.getByLabelText('Password'), 'wrong{Enter}')

  expect(await screen.findByRole('alert')).toHaveTextContent(
    'The name or the password is wrong.',
  )
  expect(screen.getByLabelText('Username')).toHaveValue('alice')
})

test('never sends a new session to another site', async () => {
  answerAsStranger()
  server.use(
    http.post('/api/auth/login/', () => {
      answerAsAlice()
      return HttpResponse.json(makeUser())
    }),
  )
  const { history, user } = renderApp('/sign-in?redirect=//evil.example/')

  await user.type(await screen.findByLabelText('Username'), 'alice')
  await user.type(screen.getByLabelText('Password'), 'a secret{Enter}')

  await waitFor(() => {
    expect(history.location.pathname).toBe('/')
  })
})

test('asks a new server for its first account', async () => {
  answerAsStranger({ hasUsers: false })

  const { history } = renderApp('/tasks')

  expect(
    await screen.findByRole('heading', { name: 'Welcome to Agentarium' }),
  ).toBeVisible()
  expect(history.location.pathname).toBe('/register')
})

/** A server that is reachable from other machines, before its first account. */
const NEW_SERVER = { hasUsers: false, isOpen: false, isCodeNeeded: true }

async function fillIn(user: ReturnType<typeof renderApp>['user']) {
  await user.type(await screen.findByLabelText('Username'), 'alice')
  await user.type(screen.getByLabelText('E-mail'), 'alice@example.org')
  await user.type(screen.getByLabelText('Password'), 'a long secret{Enter}')
}

test('explains how to get the set-up link, without a form', async () => {
  answerAsStranger(NEW_SERVER)

  const { history } = renderApp('/tasks')

  expect(
    await screen.findByRole('heading', {
      name: 'This server is not set up yet',
    }),
  ).toBeVisible()
  expect(history.location.pathname).toBe('/register')
  expect(screen.getByText('agentarium setup-link')).toBeVisible()
  expect(screen.queryByLabelText('Username')).toBeNull()
})

test('creates the first account with the code of the set-up link', async () => {
  answerAsStranger(NEW_SERVER)
  const sent: unknown[] = []
  server.use(
    http.post('/api/auth/register/', async ({ request }) => {
      sent.push(await request.json())
      answerAsStranger()
      return HttpResponse.json(makeUser(), { status: 201 })
    }),
    http.post('/api/auth/login/', () => {
      answerAsAlice()
      return HttpResponse.json(makeUser())
    }),
  )
  const { history, user } = renderApp('/register#setup=abc123')
  expect(
    await screen.findByRole('heading', { name: 'Set up Agentarium' }),
  ).toBeVisible()

  await fillIn(user)

  await waitFor(() => {
    expect(history.location.href).toBe('/agents')
  })
  expect(sent).toEqual([
    {
      username: 'alice',
      email: 'alice@example.org',
      password: 'a long secret',
      setup_code: 'abc123',
    },
  ])
})

test('reports an invalid set-up link and keeps the values', async () => {
  answerAsStranger(NEW_SERVER)
  server.use(
    http.post('/api/auth/register/', () =>
      problem(403, 'invalid_setup_code', 'This set-up link is not valid.'),
    ),
  )
  const { user } = renderApp('/register#setup=wrong')

  await fillIn(user)

  expect(await screen.findByRole('alert')).toHaveTextContent(
    'This set-up link is not valid.',
  )
  expect(screen.getByLabelText('Username')).toHaveValue('alice')
})

test('links to the sign-in page when the set-up link has been used', async () => {
  answerAsStranger(NEW_SERVER)
  server.use(
    http.post('/api/auth/register/', () => {
      answerAsStranger({ isOpen: false })
      return problem(409, 'setup_finished', 'The link has been used.')
    }),
  )
  const { user } = renderApp('/register#setup=abc123')

  await fillIn(user)

  expect(
    await screen.findByRole('heading', {
      name: 'This set-up link has been used',
    }),
  ).toBeVisible()
  await user.click(screen.getByRole('link', { name: 'Sign in' }))
  expect(await screen.findByRole('heading', { name: 'Sign in' })).toBeVisible()
})

test('offers an ordinary account when the set-up link has been used', async () => {
  answerAsStranger()
  const { history, user } = renderApp('/register#setup=abc123')

  await user.click(
    await screen.findByRole('link', { name: 'Create an account' }),
  )

  expect(await screen.findByLabelText('Username')).toBeVisible()
  expect(history.location.href).toBe('/register')
})

test('offers no registration where it is closed', async () => {
  answerAsStranger({ isOpen: false })

  renderApp('/sign-in')

  expect(await screen.findByLabelText('Username')).toBeVisible()
  expect(screen.queryByRole('link', { name: 'Create an account' })).toBeNull()
})

test('shows what the server rejects on the fields of the registration', async () => {
  answerAsStranger()
  server.use(
    http.post('/api/auth/register/', () =>
      problem(400, 'invalid', 'The input is not valid.', {
        username: [{ code: 'taken', detail: 'This username is taken.' }],
      }),
    ),
  )
  const { user } = renderApp('/register')

  const username = await screen.findByLabelText('Username')
  await user.type(username, 'alice')
  await user.type(screen.getByLabelText('E-mail'), 'alice@example.org')
  await user.type(screen.getByLabelText('Password'), 'a long secret{Enter}')

  await waitFor(() => {
    expect(username).toHaveAccessibleDescription('This username is taken.')
  })
  expect(username).toBeInvalid()
})

test('leads to the sign-in when the session has ended, and remembers the screen', async () => {
  answerAsAlice()
  const { history, user } = renderApp('/tasks')
  await screen.findByRole('list', { name: 'Tasks' })
  answerAsStranger()

  await user.type(screen.getByLabelText('Search tasks'), 'x')

  expect(await screen.findByRole('heading', { name: 'Sign in' })).toBeVisible()
  expect(history.location.href).toContain('redirect=/tasks')
})
