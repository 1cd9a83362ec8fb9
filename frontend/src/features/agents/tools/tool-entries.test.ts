import { expect, test } from 'vitest'

import {
  toolEntries,
  toolGroups,
  toolIds,
  toolKey,
  toolTitle,
} from './tool-entries'
import type { ToolEntry } from './tool-entries'
import type { CatalogueEntry } from './tool-queries'

const catalogueEntry = (
  reference: unknown,
  fields: Partial<CatalogueEntry> = {},
): CatalogueEntry => ({
  id: 'builtin:calculator',
  kind: 'builtin',
  reference,
  source: 'built in',
  server: null,
  name: 'calculator',
  description: '',
  effect: 'read',
  suggested_effect: null,
  needs_approval: false,
  ...fields,
})

const search = (server: number, source: string) =>
  catalogueEntry(
    { type: 'mcp', server, names: ['search'] },
    { source, name: 'search', server, kind: 'mcp' },
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
  expect(toolGroups([], [])).toEqual([])
})

test('skips tools of a kind that this page does not know', () => {
  const groups = toolGroups(
    [catalogueEntry({ type: 'wasm', id: 1 }), catalogueEntry(null)],
    [],
  )

  expect(groups).toEqual([])
})

test('begins with built-in tools and agents, and each server with all its tools', () => {
  const groups = toolGroups(
    [
      catalogueEntry({ type: 'builtin', name: 'calculator' }),
      catalogueEntry({ type: 'http', id: 1 }, { kind: 'http', source: 'http' }),
      search(2, 'files'),
      search(1, 'wiki'),
    ],
    [{ id: 9, name: 'Writer', description: '' }],
  )

  expect(
    groups.map(({ name, choices }) => [name, ...choices.map((c) => c.title)]),
  ).toEqual([
    ['Built in', 'calculator'],
    ['Other agents', 'Writer'],
    ['Your HTTP tools', 'calculator'],
    ['MCP server files', 'All tools of files', 'search'],
    ['MCP server wiki', 'All tools of wiki', 'search'],
  ])
})

test('describes an agent that has no description', () => {
  const [group] = toolGroups([], [{ id: 9, name: 'Writer', description: '' }])

  expect(group?.choices[0]?.description).toBe(
    'Runs as a separate task and returns its answer.',
  )
})

test('knows the ids of the tools that an entry names', () => {
  const entries: ToolEntry[] = [
    { type: 'builtin', name: 'calculator' },
    { type: 'http', id: 1 },
    { type: 'mcp', server: 2 },
    { type: 'mcp', server: 2, names: ['a', 'b/c'] },
    { type: 'agent', agent: 3 },
  ]

  expect(entries.flatMap(toolIds)).toEqual([
    'builtin:calculator',
    'http:1',
    'mcp:2:a',
    'mcp:2:b/c',
  ])
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
