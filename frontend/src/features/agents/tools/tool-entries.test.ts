import { expect, test } from 'vitest'

import { toolChoices, toolEntries, toolKey, toolTitle } from './tool-entries'
import type { CatalogueEntry, ToolEntry } from './tool-entries'

const catalogueEntry = (
  reference: unknown,
  fields: Partial<CatalogueEntry> = {},
): CatalogueEntry => ({
  reference,
  source: 'built in',
  name: 'calculator',
  description: '',
  parameters: {},
  effect: 'read',
  needs_approval: false,
  ...fields,
})

const search = (server: number, source: string) =>
  catalogueEntry(
    { type: 'mcp', server, names: ['search'] },
    { source, name: 'search' },
  )

test.each([
  [{ type: 'builtin', name: 'calculator', timeout: 0 }],
  [{ type: 'builtin', name: 'calculator', timeout: 601 }],
  [{ type: 'builtin', name: 'calculator', timeout: 1.5 }],
  [{ type: 'builtin', name: 'calculator', timeout: Number.NaN }],
  [{ type: 'mcp', server: 1, prefix: 'a b' }],
  [{ type: 'mcp', server: 1, prefix: '' }],
  [{ type: 'mcp', server: 1, effect: 'destroy' }],
  [{ type: 'agent', agent: 1, name: 'x'.repeat(65) }],
  [{ type: 'agent', agent: 1, description: 'x'.repeat(4001) }],
  [{ type: 'shell', command: 'ls' }],
  [null],
])('rejects the entry %j', (entry) => {
  expect(toolEntries.safeParse([entry]).success).toBe(false)
})

test('identifies entries by their target, whatever their settings', () => {
  const entries: ToolEntry[] = [
    { type: 'builtin', name: 'calculator' },
    { type: 'http', id: 1 },
    { type: 'mcp', server: 1 },
    { type: 'mcp', server: 1, names: ['a', 'b'] },
    { type: 'mcp', server: 1, names: ['a'] },
    { type: 'agent', agent: 1 },
  ]

  const keys = entries.map(toolKey)

  expect(new Set(keys).size).toBe(entries.length)
  expect(
    entries.map((entry) => toolKey({ ...entry, needs_approval: true })),
  ).toEqual(keys)
})

test('has no choices without tools and agents', () => {
  expect(toolChoices([], [])).toEqual([])
})

test('skips tools of a kind that this page does not know', () => {
  const choices = toolChoices(
    [catalogueEntry({ type: 'wasm', id: 1 }), catalogueEntry(null)],
    [],
  )

  expect(choices).toEqual([])
})

test('keeps the tools of a group together, with the whole server', () => {
  const choices = toolChoices(
    [
      search(1, 'wiki'),
      catalogueEntry({ type: 'builtin', name: 'calculator' }),
      search(2, 'files'),
      search(1, 'wiki'),
    ],
    [{ id: 9, name: 'Writer', description: '' }],
  )

  expect(choices.map(({ group, title }) => `${group}: ${title}`)).toEqual([
    'MCP server wiki: search',
    'MCP server wiki: search',
    'MCP server wiki: All tools of wiki',
    'Built in: calculator',
    'MCP server files: search',
    'MCP server files: All tools of files',
    'Other agents: Writer',
  ])
})

test('describes an agent that has no description', () => {
  const [choice] = toolChoices([], [{ id: 9, name: 'Writer', description: '' }])

  expect(choice?.description).toBe(
    'Runs as a separate task and returns its answer.',
  )
})

test('lists 10,000 tools', () => {
  const entries = Array.from({ length: 10_000 }, (_, index) =>
    catalogueEntry({ type: 'builtin', name: `tool_${index}` }),
  )

  expect(toolChoices(entries, [])).toHaveLength(10_000)
})

test.each([
  [{ type: 'builtin', name: 'calculator' }, 'calculator'],
  [{ type: 'http', id: 3 }, 'HTTP tool 3'],
  [{ type: 'mcp', server: 3 }, 'MCP server 3'],
  [{ type: 'mcp', server: 3, names: ['a', 'b'] }, 'a, b'],
  [{ type: 'agent', agent: 3 }, 'Agent 3'],
] as [ToolEntry, string][])(
  'calls the unknown target of %j "%s"',
  (entry, title) => {
    expect(toolTitle(entry)).toBe(title)
  },
)
