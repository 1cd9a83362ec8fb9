import { screen } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { beforeEach, expect, test } from 'vitest'

import type { Schemas } from '@/lib/api/client'
import { makePage, makeProblem } from '@/testing/factories'
import { server } from '@/testing/server'
import { sees } from '@/testing/sees'

import { renderApp, signIn } from './render-app'

const TIME = '2026-05-04T10:00:00Z'

const mcpServer: Schemas['McpServer'] = {
  id: 4,
  name: 'files',
  description: '',
  url: 'https://mcp.example.org/mcp',
  header_names: [],
  url_secret_names: [],
  warnings: [],
  timeout: 30,
  tools: [],
  omitted_tools: [],
  last_error: '',
  last_error_at: null,
  has_changes: false,
  changes: null,
  fetched_at: null,
  accepted_at: null,
  accepted_by: null,
  created_at: TIME,
  updated_at: TIME,
}

let servers: Schemas['McpServer'][] = []

beforeEach(() => {
  servers = [mcpServer]
  signIn()
  server.use(
    http.get('/api/tasks/', () => HttpResponse.json(makePage([]))),
    http.get('/api/tools/', () => HttpResponse.json(makePage([]))),
    http.get('/api/http-tools/', () => HttpResponse.json(makePage([]))),
    http.get('/api/mcp-servers/', () => HttpResponse.json(makePage(servers))),
  )
})

test('loads the tools of an MCP server', async () => {
  server.use(
    http.post('/api/mcp-servers/4/refresh/', () => {
      servers = [
        {
          ...mcpServer,
          fetched_at: TIME,
          tools: [
            {
              name: 'read_file',
              description: '',
              parameters: {},
              effect: 'write',
              suggested_effect: 'read',
            },
          ],
        },
      ]
      return HttpResponse.json(servers[0])
    }),
  )
  const { user } = renderApp('/tools')

  await user.click(await screen.findByRole('button', { name: 'Refresh files' }))

  await sees('files: 1 tool loaded and accepted.')
  expect(await screen.findByText('read_file')).toBeInTheDocument()
})

test('tries a new MCP server, and keeps the dialog open while it cannot be used', async () => {
  servers = []
  let headers: unknown
  let failure = 'The MCP server denies access (HTTP 401). Check the headers.'
  server.use(
    http.post('/api/mcp-servers/', () => {
      servers = [mcpServer]
      return HttpResponse.json(mcpServer, { status: 201 })
    }),
    http.patch('/api/mcp-servers/4/', async ({ request }) => {
      headers = ((await request.json()) as Schemas['McpServerRequest']).headers
      failure = ''
      return HttpResponse.json(mcpServer)
    }),
    http.post('/api/mcp-servers/4/refresh/', () => {
      servers = [{ ...mcpServer, last_error: failure, last_error_at: TIME }]
      return failure
        ? HttpResponse.json(makeProblem(409, 'mcp_server_failed', failure), {
            status: 409,
          })
        : HttpResponse.json({ ...mcpServer, fetched_at: TIME })
    }),
  )
  const { user } = renderApp('/tools')

  await user.click(
    await screen.findByRole('button', { name: 'Add MCP server' }),
  )
  await user.type(screen.getByLabelText('Name'), 'files')
  await user.type(screen.getByLabelText('URL'), 'https://mcp.example.org/mcp')
  await user.click(screen.getByRole('button', { name: 'Add server' }))

  expect(await screen.findByRole('alert')).toHaveTextContent(
    'The server was saved, but it cannot be used. The MCP server denies access',
  )
  await user.click(screen.getByRole('button', { name: 'Add a header' }))
  await user.type(screen.getByLabelText('Name of header 1'), 'X-Key')
  await user.type(screen.getByLabelText('Value of header 1'), 's3cret')
  await user.click(screen.getByRole('button', { name: 'Try again' }))

  await sees('files: 0 tools loaded and accepted.')
  expect(screen.queryByRole('dialog')).not.toBeInTheDocument()
  expect(headers).toEqual({ 'X-Key': 's3cret' })
})

test('shows why a server and some of its tools cannot be used', async () => {
  servers = [
    {
      ...mcpServer,
      last_error: 'The MCP server took too long to respond.',
      last_error_at: TIME,
      omitted_tools: [{ name: 'draw', reason: 'Its schema is not an object.' }],
    },
  ]
  const { user } = renderApp('/tools')

  await sees(/took too long to respond/)
  await user.click(await screen.findByText('1 tool left out'))

  expect(
    screen.getByRole('list', { name: 'Tools of files left out' }),
  ).toHaveTextContent('draw: Its schema is not an object.')
})
