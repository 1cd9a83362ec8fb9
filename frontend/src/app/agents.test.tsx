import { screen, waitFor, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { beforeEach, expect, test } from 'vitest'

import type { Schemas } from '@/lib/api/client'
import {
  makeAgent,
  makePage,
  makeStats,
  makeProblem,
  makeVersion,
} from '@/testing/factories'
import { server } from '@/testing/server'
import { sees } from '@/testing/sees'

import { renderApp, signIn } from './render-app'

const models: Schemas['Model'][] = [
  {
    id: 'anthropic:claude',
    name: 'claude',
    provider: 'anthropic',
    is_available: false,
    is_default: false,
    reason: 'Anthropic needs a key. Set ANTHROPIC_API_KEY.',
    price: null,
  },
  {
    id: 'builtin:smollm2',
    name: 'smollm2',
    provider: 'builtin',
    is_available: true,
    is_default: true,
    reason: '',
    price: null,
  },
  {
    id: 'builtin:larger',
    name: 'larger',
    provider: 'builtin',
    is_available: false,
    is_default: false,
    reason: 'Its weights are missing.',
    price: null,
  },
]

const providers: Schemas['Provider'][] = [
  { name: 'builtin', title: 'Built-in', is_configured: true, reason: '' },
  {
    name: 'anthropic',
    title: 'Anthropic',
    is_configured: false,
    reason: 'Anthropic needs a key. Set ANTHROPIC_API_KEY.',
  },
]

let agents = [makeAgent()]

beforeEach(() => {
  agents = [makeAgent()]
  signIn()
  server.use(
    http.get('/api/stats/', () => HttpResponse.json(makeStats())),
    http.get('/api/agents/', () => HttpResponse.json(makePage(agents))),
    http.get('/api/tasks/', () => HttpResponse.json(makePage([]))),
    http.get('/api/models/', () => HttpResponse.json(models)),
    http.get('/api/providers/', () => HttpResponse.json(providers)),
    http.get('/api/tools/', () => HttpResponse.json(makePage([]))),
  )
})

async function openForm() {
  const app = renderApp('/agents')
  await screen.findByText('Assistant')
  await app.user.click(screen.getByRole('button', { name: 'New agent' }))
  await waitFor(() => {
    expect(screen.getByLabelText('Model')).toHaveTextContent('smollm2')
  })
  return app
}

test('creates an agent on the default model', async () => {
  let body: unknown
  server.use(
    http.post('/api/agents/', async ({ request }) => {
      body = await request.json()
      return HttpResponse.json(makeAgent({ id: 2 }), { status: 201 })
    }),
    http.get('/api/agents/2/', () => HttpResponse.json(makeAgent({ id: 2 }))),
    http.get('/api/agents/2/versions/', () =>
      HttpResponse.json(makePage([makeVersion()])),
    ),
    http.get('/api/tasks/', () => HttpResponse.json(makePage([]))),
  )
  const { history, user } = await openForm()

  await user.type(screen.getByLabelText('Name'), 'Writer')
  await user.type(screen.getByLabelText('Instructions'), 'Write well.')
  await user.type(screen.getByLabelText('Output limit'), '500')
  await user.click(screen.getByRole('button', { name: 'Create agent' }))

  await waitFor(() => {
    expect(history.location.pathname).toBe('/agents/2')
  })
  expect(body).toEqual({
    name: 'Writer',
    description: '',
    instructions: 'Write well.',
    model: 'builtin:smollm2',
    fallback_models: [],
    temperature: 0.7,
    max_output_tokens: 500,
    top_p: null,
    reasoning_effort: '',
    seed: null,
    stop: [],
    parallel_tool_calls: null,
    extra_body: {},
    max_steps: 20,
    step_timeout: 300,
    timeout: 600,
    tools: [],
  })
})

test('sends no temperature when it is switched off', async () => {
  let body: unknown
  server.use(
    http.post('/api/agents/', async ({ request }) => {
      body = await request.json()
      return HttpResponse.json(makeProblem(400, 'no', 'No.'), { status: 400 })
    }),
  )
  const { user } = await openForm()
  const temperature = screen.getByRole('switch', { name: 'Temperature' })
  expect(temperature).toBeChecked()
  expect(temperature).toHaveAccessibleDescription(/provider’s default/)

  await user.type(screen.getByLabelText('Name'), 'Writer')
  await user.click(temperature)
  await user.click(screen.getByRole('button', { name: 'Create agent' }))

  await waitFor(() => {
    expect(body).toMatchObject({ temperature: null })
  })
})

test('folds a long description', async () => {
  const description = 'It reads the mail. '.repeat(50).trim()
  const agent = makeAgent({ description })
  server.use(
    http.get('/api/agents/1/', () => HttpResponse.json(agent)),
    http.get('/api/agents/1/versions/', () =>
      HttpResponse.json(makePage([makeVersion()])),
    ),
  )
  const { user } = renderApp('/agents/1')

  const more = await screen.findByRole('button', { name: 'Show more' })
  expect(more).toHaveAttribute('aria-expanded', 'false')
  await user.click(more)

  await sees(description)
  expect(screen.getByRole('button', { name: 'Show less' })).toBeVisible()
})

test('requires a name before it sends a request', async () => {
  const { user } = await openForm()

  await user.click(screen.getByRole('button', { name: 'Create agent' }))

  await sees('Enter a name.')
  expect(screen.getByLabelText('Name')).toHaveFocus()
})

test('shows what the server rejects on its field', async () => {
  const errors = {
    model: [{ code: 'unknown_provider', detail: 'There is no provider x.' }],
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
  await user.click(screen.getByRole('button', { name: 'Create agent' }))

  await waitFor(() => {
    expect(screen.getByLabelText('Model')).toHaveAccessibleDescription(
      'There is no provider x.',
    )
  })
})

test('shows why a model is unavailable, and accepts one that is not listed', async () => {
  const { user } = await openForm()

  await user.click(screen.getByLabelText('Model'))
  const missing = await screen.findByRole('option', { name: /larger/ })
  expect(missing).toHaveAttribute('aria-disabled', 'true')
  expect(missing).toHaveTextContent('Its weights are missing.')
  // What a provider lacks is shown once, above its models.
  expect(
    await screen.findByText('Anthropic needs a key. Set ANTHROPIC_API_KEY.'),
  ).toBeVisible()
  expect(screen.getByRole('option', { name: 'claude' })).toHaveAttribute(
    'aria-disabled',
    'true',
  )

  await user.keyboard('openai:my-own{Enter}')
  expect(screen.getByLabelText('Model')).toHaveTextContent('openai:my-own')
})

test('deletes an agent after confirmation, and restores it', async () => {
  let restored = false
  server.use(
    http.delete('/api/agents/1/', () => {
      agents = []
      return new HttpResponse(null, { status: 204 })
    }),
    http.post('/api/agents/1/restore/', () => {
      restored = true
      agents = [makeAgent()]
      return HttpResponse.json(makeAgent())
    }),
  )
  const { user } = renderApp('/agents')

  await user.click(
    await screen.findByRole('button', { name: 'Actions for Assistant' }),
  )
  await user.click(screen.getByRole('menuitem', { name: 'Delete' }))
  const dialog = screen.getByRole('alertdialog')
  await user.click(within(dialog).getByRole('button', { name: 'Delete agent' }))
  await sees('No agents yet')

  await user.click(await screen.findByRole('button', { name: 'Undo' }))
  expect(await screen.findByRole('link', { name: 'Assistant' })).toBeVisible()
  expect(restored).toBe(true)
})

test('offers a retry when the list cannot be loaded', async () => {
  let isAway = true
  server.use(
    http.get('/api/agents/', () =>
      isAway
        ? HttpResponse.json(makeProblem(403, 'no', 'Not now.'), { status: 403 })
        : HttpResponse.json(makePage([makeAgent()])),
    ),
  )
  const { user } = renderApp('/agents')
  expect(await screen.findByRole('alert')).toHaveTextContent('Not now.')
  isAway = false

  await user.click(screen.getByRole('button', { name: 'Try again' }))

  await sees('Assistant')
})

test('clears a search without results', async () => {
  agents = []
  const { history, user } = renderApp('/agents?search=nothing')
  await screen.findByText('No matching agents')
  agents = [makeAgent()]

  await user.click(screen.getByText('Clear search'))

  expect(await screen.findByRole('link', { name: 'Assistant' })).toBeVisible()
  expect(history.location.href).toBe('/agents')
  expect(screen.getByLabelText('Search agents')).toHaveValue('')
})
