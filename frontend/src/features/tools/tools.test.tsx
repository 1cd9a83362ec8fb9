import { expect, test } from 'vitest'

import type { Schemas } from '@/lib/api/client'
import { makePage } from '@/testing/factories'
import { idsTo, testListStates } from '@/testing/list-states'

import { BuiltInTools } from './built-in-tools'
import { HttpTools } from './http/http-tools'
import { McpServers } from './mcp/mcp-servers'
import {
  httpToolRequest,
  httpToolSchema,
  httpToolValues,
  mcpServerRequest,
  mcpServerValues,
} from './tool-schema'

const TIME = '2026-05-04T10:00:00Z'

const makeTool = (id: number): Schemas['HttpTool'] => ({
  id,
  name: `tool_${id}`,
  description: '',
  parameters: { type: 'object' },
  method: 'GET',
  url_template: 'https://api.example.org/',
  header_names: ['Authorization'],
  url_secret_names: [],
  warnings: [],
  needs_approval_effective: false,
  effect: 'read',
  needs_approval: false,
  timeout: 30,
  created_at: TIME,
  updated_at: TIME,
})

const makeServer = (id: number): Schemas['McpServer'] => ({
  id,
  name: `server_${id}`,
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
})

const makeEntry = (id: number): Schemas['CatalogueEntry'] => ({
  id: `builtin:tool_${id}`,
  kind: 'builtin',
  reference: { type: 'builtin', name: `tool_${id}` },
  source: 'built in',
  server: null,
  name: `tool_${id}`,
  description: '',
  effect: 'read',
  suggested_effect: null,
  needs_approval: false,
})

testListStates({
  name: 'HTTP tools',
  content: <HttpTools />,
  path: '/api/http-tools/',
  respond: (count) => makePage(idsTo(count).map(makeTool)),
  list: 'HTTP tools',
  empty: 'No HTTP tools yet',
})

testListStates({
  name: 'MCP servers',
  content: <McpServers />,
  path: '/api/mcp-servers/',
  respond: (count) => makePage(idsTo(count).map(makeServer)),
  list: 'MCP servers',
  empty: 'No MCP servers yet',
})

testListStates({
  name: 'built-in tools',
  content: <BuiltInTools />,
  path: '/api/tools/',
  respond: (count) => ({ results: idsTo(count).map(makeEntry) }),
  list: 'Built-in tools',
  empty: 'There are no built-in tools.',
})

const header = (name: string, value: string) => ({ name, value })

test('keeps a stored header that is left empty, and drops one without a name', () => {
  const tool = makeTool(1)
  const headers = [
    header('Authorization', ''),
    header('', 'lost'),
    header('X-New', ''),
  ]

  const body = httpToolRequest({ ...httpToolValues(tool), headers }, tool)

  expect(body.headers).toEqual({ Authorization: null, 'X-New': '' })
})

test('removes a stored header that is not in the form', () => {
  const tool = makeTool(1)
  const values = { ...httpToolValues(tool), headers: [] }

  expect(httpToolRequest(values, tool).headers).toEqual({})
})

test('sends a changed header of a server, and never one that was not typed', () => {
  const mcpServer = { ...makeServer(1), header_names: ['A', 'B'] }
  const values = mcpServerValues(mcpServer)
  const headers = [header('A', 'new'), header('B', '')]

  expect(mcpServerRequest({ ...values, headers }, mcpServer).headers).toEqual({
    A: 'new',
    B: null,
  })
})

test.each([
  [{ name: 'with space' }],
  [{ name: '' }],
  [{ name: 'x'.repeat(65) }],
  [{ url_template: '  ' }],
  [{ parameters: '[]' }],
  [{ parameters: '{' }],
  [{ timeout: 0 }],
  [{ timeout: Number.NaN }],
])('rejects a tool with %j', (fields) => {
  const values = { ...httpToolValues(makeTool(1)), ...fields }

  expect(httpToolSchema.safeParse(values).success).toBe(false)
})

test('accepts what it makes of a stored tool', () => {
  expect(httpToolSchema.safeParse(httpToolValues(makeTool(1))).success).toBe(
    true,
  )
})
