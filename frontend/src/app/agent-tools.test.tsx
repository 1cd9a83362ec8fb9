import { screen, waitFor } from '@testing-library/react'
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

const model: Schemas['Model'] = {
  id: 'builtin:smollm2',
  name: 'smollm2',
  provider: 'builtin',
  is_available: true,
  is_default: true,
  reason: '',
  price: null,
}

const calculator: Schemas['CatalogueEntry'] = {
  id: 'builtin:calculator',
  kind: 'builtin',
  reference: { type: 'builtin', name: 'calculator' },
  source: 'built in',
  server: null,
  name: 'calculator',
  description: 'Computes.',
  effect: 'read',
  suggested_effect: null,
  needs_approval: false,
}

const search: Schemas['CatalogueEntry'] = {
  ...calculator,
  id: 'mcp:3:search',
  kind: 'mcp',
  reference: { type: 'mcp', server: 3, names: ['search'] },
  source: 'wiki',
  server: 3,
  name: 'search',
  effect: 'write',
  needs_approval: true,
  suggested_effect: 'read',
}

const fetchUrl: Schemas['CatalogueEntry'] = {
  ...calculator,
  reference: { type: 'builtin', name: 'fetch_url' },
  name: 'fetch_url',
}

beforeEach(() => {
  signIn()
  server.use(
    http.get('/api/stats/', () => HttpResponse.json(makeStats())),
    http.get('/api/agents/', () => HttpResponse.json(makePage([makeAgent()]))),
    http.get('/api/tasks/', () => HttpResponse.json(makePage([]))),
    http.get('/api/agents/1/', () => HttpResponse.json(makeAgent())),
    http.get('/api/agents/1/versions/', () =>
      HttpResponse.json(makePage([makeVersion()])),
    ),
    http.get('/api/models/', () => HttpResponse.json([model])),
    http.get('/api/providers/', () => HttpResponse.json([])),
    http.get('/api/mcp-servers/', () => HttpResponse.json(makePage([]))),
    http.get('/api/tools/', () =>
      HttpResponse.json(makePage([calculator, fetchUrl, search])),
    ),
  )
})

async function openForm() {
  const app = renderApp('/agents')
  await screen.findByText('Assistant')
  await app.user.click(screen.getByRole('button', { name: 'New agent' }))
  await screen.findByText('smollm2')
  return app
}

type App = Awaited<ReturnType<typeof openForm>>

async function add({ user }: App, name: RegExp) {
  await user.click(screen.getByRole('button', { name: 'Add a tool' }))
  await user.click(await screen.findByRole('option', { name }))
}

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

const many = Array.from(
  { length: 10_000 },
  (_, index): Schemas['CatalogueEntry'] => ({
    ...calculator,
    id: `http:${index + 1}`,
    kind: 'http',
    reference: { type: 'http', id: index + 1 },
    source: 'http',
    name: `tool_${index + 1}`,
  }),
)

/** Serves pages of many tools, as the API does. Returns the requests. */
function serveManyTools() {
  const requests: string[] = []
  server.use(
    http.get('/api/tools/', ({ request }) => {
      const { searchParams } = new URL(request.url)
      requests.push(searchParams.toString())
      const text = searchParams.get('search') ?? ''
      const ids = searchParams.getAll('id')
      const found = many.filter(
        ({ id, name }) =>
          name.includes(text) && (ids.length === 0 || ids.includes(id)),
      )
      const start = Number(searchParams.get('cursor') ?? 0)
      const end = start + Number(searchParams.get('limit'))
      const next =
        end < found.length ? `http://localhost/api/tools/?cursor=${end}` : null
      return HttpResponse.json(makePage(found.slice(start, end), next))
    }),
  )
  return requests
}

test('finds one of 10,000 tools by typing, with the keyboard alone', async () => {
  const requests = serveManyTools()
  server.use(
    http.get('/api/agents/', ({ request }) =>
      HttpResponse.json(
        makePage(request.url.includes('search=') ? [] : [makeAgent()]),
      ),
    ),
  )
  const { user } = await openForm()
  await user.click(screen.getByRole('button', { name: 'Add a tool' }))
  expect(await screen.findByRole('option', { name: /^tool_50/ })).toBeVisible()
  expect(screen.queryByRole('option', { name: /^tool_51/ })).toBeNull()

  await user.keyboard('tool_9876')
  // Nothing that does not match can be chosen in the meantime.
  expect(screen.queryByRole('option')).toBeNull()
  expect(
    await screen.findByRole('option', { name: /^tool_9876/, selected: true }),
  ).toBeVisible()
  await user.keyboard('{Enter}')

  const tools = await screen.findByRole('list', { name: 'Tools' })
  expect(tools).toHaveTextContent('tool_9876')
  // Not one request for each key.
  expect(requests.filter((each) => each.includes('search=')).length).toBe(1)
})

test('loads more tools from the end of the list', async () => {
  serveManyTools()
  const { user } = await openForm()
  await user.click(screen.getByRole('button', { name: 'Add a tool' }))
  await screen.findByRole('option', { name: /^tool_50/ })

  await user.click(screen.getByRole('option', { name: 'Load more tools' }))

  expect(await screen.findByRole('option', { name: /^tool_100/ })).toBeVisible()
  expect(screen.queryByRole('option', { name: /^tool_101/ })).toBeNull()
})

test('says that nothing matches, and that tools could not be loaded', async () => {
  serveManyTools()
  const { user } = await openForm()
  server.use(http.get('/api/agents/', () => HttpResponse.json(makePage([]))))
  await user.click(screen.getByRole('button', { name: 'Add a tool' }))
  await user.keyboard('nothing')
  await sees('No tools or agents match “nothing”.')

  server.use(
    http.get('/api/tools/', () =>
      HttpResponse.json(makeProblem(500, 'error', 'Broken.'), { status: 500 }),
    ),
  )
  await user.keyboard(' at all')
  await sees('The tools could not be loaded.')

  serveManyTools()
  await user.click(screen.getByRole('button', { name: 'Try again' }))
  await sees('No tools or agents match “nothing at all”.')
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
