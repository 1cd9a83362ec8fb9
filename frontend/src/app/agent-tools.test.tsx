import { screen, waitFor } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { beforeEach, expect, test } from 'vitest'

import { makeAgent, makePage, makeProblem } from '@/testing/factories'
import { server } from '@/testing/server'
import { sees } from '@/testing/sees'

import { renderApp } from './render-app'
import { add, openForm, search, serveAgentForm } from './render-agent-form'

beforeEach(serveAgentForm)

test('adds tools and other agents to an agent', async () => {
  let body: unknown
  server.use(
    http.post('/api/agents/', async ({ request }) => {
      body = await request.json()
      return HttpResponse.json(makeProblem(503, 'later', 'Not now.'), {
        status: 503,
      })
    }),
  )
  const app = await openForm()
  await app.user.type(screen.getByLabelText('Name'), 'Writer')

  await add(app, /^calculator/)
  await app.user.selectOptions(
    screen.getByLabelText('Ask before running'),
    'Always ask',
  )
  await add(app, /^All tools of wiki/)
  await add(app, /^Assistant/)
  await app.user.click(screen.getByRole('button', { name: 'Create agent' }))

  // The rejection is shown, and no input is lost.
  await sees('Not now.')
  expect(screen.getByLabelText('Name')).toHaveValue('Writer')
  expect(body).toMatchObject({
    tools: [
      { type: 'builtin', name: 'calculator', needs_approval: true },
      { type: 'mcp', server: 3 },
      { type: 'agent', agent: 1 },
    ],
  })
})

test('a tool with side effects asks until that is switched off', async () => {
  let body: unknown
  server.use(
    http.post('/api/agents/', async ({ request }) => {
      body = await request.json()
      return HttpResponse.json(makeAgent(), { status: 201 })
    }),
  )
  const app = await openForm()
  await app.user.type(screen.getByLabelText('Name'), 'Writer')
  await add(app, /^search/)

  const choice = screen.getByLabelText('Ask before running')
  expect(choice).toHaveDisplayValue('Default (asks)')
  await app.user.selectOptions(choice, 'Never ask')
  expect(screen.getByText(/^Runs without asking/)).toBeVisible()
  await app.user.click(screen.getByRole('button', { name: 'Create agent' }))

  await waitFor(() => {
    expect(body).toMatchObject({
      tools: [{ type: 'mcp', names: ['search'], needs_approval: false }],
    })
  })
})

test('keeps what asked when an agent was saved, until its setting changes', async () => {
  const bodies: unknown[] = []
  const kept = {
    type: 'mcp',
    server: 3,
    names: ['search'],
    ask_before: ['search'],
  }
  const agent = makeAgent({ tools: [kept] })
  server.use(
    http.get('/api/agents/1/', () => HttpResponse.json(agent)),
    http.get('/api/tools/', () =>
      HttpResponse.json(
        makePage([{ ...search, effect: 'read', needs_approval: false }]),
      ),
    ),
    http.patch('/api/agents/1/', async ({ request }) => {
      bodies.push(await request.json())
      return HttpResponse.json(agent)
    }),
  )
  const { user } = renderApp('/agents/1')

  await user.click(await screen.findByRole('button', { name: 'Edit' }))
  expect(await screen.findByLabelText('Ask before running')).toHaveDisplayValue(
    'Default (asks)',
  )
  await user.click(screen.getByRole('button', { name: 'Save changes' }))
  await waitFor(() => {
    expect(bodies).toHaveLength(1)
  })
  expect(bodies[0]).toMatchObject({ tools: [kept] })
})

test('changes the settings of a tool, and removes a tool', async () => {
  let body: unknown
  server.use(
    http.post('/api/agents/', async ({ request }) => {
      body = await request.json()
      return HttpResponse.json(makeAgent(), { status: 201 })
    }),
  )
  const app = await openForm()
  await app.user.type(screen.getByLabelText('Name'), 'Writer')
  await add(app, /^search/)
  await add(app, /^calculator/)
  await app.user.click(
    screen.getByRole('button', { name: 'Remove calculator' }),
  )

  await app.user.click(
    screen.getByRole('button', { name: 'Settings for search' }),
  )
  expect(screen.getByText(/^The server calls it read-only/)).toBeVisible()
  expect(screen.getByLabelText('Effect')).toHaveDisplayValue('Has side effects')
  await app.user.type(screen.getByLabelText('Prefix'), 'a b')
  await app.user.click(screen.getByRole('button', { name: 'Create agent' }))
  await sees(/^Use letters, digits/)
  expect(body).toBeUndefined()

  await app.user.clear(screen.getByLabelText('Prefix'))
  await app.user.type(screen.getByLabelText('Prefix'), 'a_')
  await app.user.selectOptions(screen.getByLabelText('Effect'), 'Read-only')
  await app.user.click(screen.getByRole('button', { name: 'Create agent' }))
  await waitFor(() => {
    expect(body).toMatchObject({
      tools: [
        {
          type: 'mcp',
          server: 3,
          names: ['search'],
          prefix: 'a_',
          effect: 'read',
        },
      ],
    })
  })
})

test('shows what the server rejects in a list on the list', async () => {
  const errors = {
    'fallback_models.0': [{ code: 'unknown_provider', detail: 'No provider.' }],
    tools: [{ code: 'does_not_exist', detail: 'Tool 1: There is none.' }],
  }
  server.use(
    http.post('/api/agents/', () =>
      HttpResponse.json(makeProblem(400, 'invalid', 'Not valid.', errors), {
        status: 400,
      }),
    ),
  )
  const { user } = await openForm()
  await user.type(screen.getByLabelText('Name'), 'Writer')
  await user.click(screen.getByRole('button', { name: 'Add a fallback' }))
  await user.click(screen.getByRole('combobox', { name: /^Fallback 1/ }))
  await user.keyboard('openai:mine{Enter}')

  await user.click(screen.getByRole('button', { name: 'Create agent' }))

  await sees('No provider.')
  expect(screen.getByText('Tool 1: There is none.')).toBeVisible()
})

test('lists the hosts that an agent may read', async () => {
  let body: unknown
  server.use(
    http.post('/api/agents/', async ({ request }) => {
      body = await request.json()
      return HttpResponse.json(makeAgent(), { status: 201 })
    }),
  )
  const app = await openForm()
  await app.user.type(screen.getByLabelText('Name'), 'Reader')
  await add(app, /^fetch_url/)
  expect(screen.getByText('Any public host')).toBeVisible()
  await app.user.click(
    screen.getByRole('button', { name: 'Settings for fetch_url' }),
  )

  const hosts = screen.getByLabelText('Allowed hosts')
  await app.user.type(hosts, 'https://docs.example.com')
  await app.user.click(screen.getByRole('button', { name: 'Create agent' }))
  await sees(/^List hosts only/)
  expect(body).toBeUndefined()

  await app.user.clear(hosts)
  await app.user.type(hosts, 'docs.example.com{Enter}*.example.org{Enter}')
  expect(screen.getByText('2 hosts')).toBeVisible()
  await app.user.click(screen.getByRole('button', { name: 'Create agent' }))

  await waitFor(() => {
    expect(body).toMatchObject({
      tools: [
        {
          type: 'builtin',
          name: 'fetch_url',
          allowed_hosts: ['docs.example.com', '*.example.org'],
        },
      ],
    })
  })
})
