import * as z from 'zod/mini'

import type { Schemas } from '@/lib/api/client'

import type { CatalogueEntry } from './tool-queries'

const NAME_RULE = 'Use letters, digits, _ and -, at most 64.'
const name = z.string().check(z.regex(/^[\w-]{1,64}$/, NAME_RULE))
/** The server knows the rest. */
const HOST = /^(?:\*\.)?[^\s/*?#@\\]+$/
const hasApproval = { needs_approval: z.optional(z.boolean()) }
/** The tools that asked when the agent was saved, and so go on asking. */
const keepsAsking = { ask_before: z.optional(z.array(z.string())) }

/** One entry of an agent's list of tools: a reference as in `/api/tools/`, and settings. */
const toolEntry = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('builtin'),
    name: z.string(),
    timeout: z.optional(
      z
        .int('Enter whole seconds.')
        .check(
          z.minimum(1, 'At least one second.'),
          z.maximum(600, 'At most 600 seconds.'),
        ),
    ),
    allowed_hosts: z.optional(
      z.array(z.string()).check(
        z.maxLength(100, 'List at most 100 hosts.'),
        z.refine(
          (hosts) => hosts.every((host) => HOST.test(host)),
          'List hosts only, such as docs.example.com or *.example.org.',
        ),
      ),
    ),
    ...hasApproval,
  }),
  z.object({
    type: z.literal('http'),
    id: z.number(),
    ...hasApproval,
    ...keepsAsking,
  }),
  z.object({
    type: z.literal('mcp'),
    server: z.number(),
    names: z.optional(z.array(z.string())),
    prefix: z.optional(name),
    effect: z.optional(z.enum(['read', 'idempotent', 'write'])),
    ...hasApproval,
    ...keepsAsking,
  }),
  z.object({
    type: z.literal('agent'),
    agent: z.number(),
    name: z.optional(name),
    description: z.optional(
      z.string().check(z.maxLength(4000, 'Use at most 4,000 characters.')),
    ),
    ...hasApproval,
  }),
])

export type ToolEntry = z.infer<typeof toolEntry>

/** Whether the arguments of the tool decide which hosts it calls. */
export const reachesHosts = (
  entry: ToolEntry,
): entry is Extract<ToolEntry, { type: 'builtin' }> =>
  entry.type === 'builtin' && entry.name === 'fetch_url'

export const toolEntries = z.array(toolEntry)

/** Identifies what an entry refers to, whatever its settings. No two may be the same. */
export function toolKey(entry: ToolEntry) {
  switch (entry.type) {
    case 'builtin':
      return `builtin ${entry.name}`
    case 'http':
      return `http ${entry.id}`
    case 'mcp':
      return `mcp ${entry.server} ${entry.names?.join(' ') ?? '*'}`
    case 'agent':
      return `agent ${entry.agent}`
  }
}

/** The ids in the catalogue of the tools that an entry names. */
export function toolIds(entry: ToolEntry) {
  switch (entry.type) {
    case 'builtin':
      return [`builtin:${entry.name}`]
    case 'http':
      return [`http:${entry.id}`]
    case 'mcp':
      return (entry.names ?? []).map((each) => `mcp:${entry.server}:${each}`)
    case 'agent':
      return []
  }
}

export type ToolChoice = {
  key: string
  /** The entry that is added to the agent's list. */
  entry: ToolEntry
  title: string
  description: string
  group: string
  effect?: CatalogueEntry['effect']
  /** What an MCP server says about its own tool. */
  claimedEffect?: CatalogueEntry['effect']
  needsApproval: boolean
}

const TITLES: Record<string, string> = {
  'built in': 'Built in',
  http: 'Your HTTP tools',
}

const groupOf = (source: string) => TITLES[source] ?? `MCP server ${source}`

/** The choice of one tool, unless this page does not know its kind. */
export function catalogueChoice(offer: CatalogueEntry): ToolChoice[] {
  const { data: entry } = toolEntry.safeParse(offer.reference)
  if (!entry) return []
  const { name, description, source, effect, suggested_effect } = offer
  return [
    {
      key: toolKey(entry),
      entry,
      title: name,
      description,
      group: groupOf(source),
      effect,
      ...(suggested_effect ? { claimedEffect: suggested_effect } : {}),
      needsApproval: offer.needs_approval,
    },
  ]
}

/** The choice of all accepted tools of an MCP server, given all of them or the first. */
export function serverChoice(
  server: number,
  tools: CatalogueEntry[],
  { hasMore = false } = {},
): ToolChoice {
  const entry: ToolEntry = { type: 'mcp', server }
  const source = tools[0]?.source ?? ''
  return {
    key: toolKey(entry),
    entry,
    title: `All tools of ${source}`,
    description: 'Every tool of the server that you accept, now and later.',
    group: groupOf(source),
    effect: 'write',
    needsApproval: hasMore || tools.some((each) => each.needs_approval),
  }
}

type CallableAgent = Pick<Schemas['Agent'], 'id' | 'name' | 'description'>

export function agentChoice({
  id,
  name,
  description,
}: CallableAgent): ToolChoice {
  const entry: ToolEntry = { type: 'agent', agent: id }
  return {
    key: toolKey(entry),
    entry,
    title: name,
    description:
      description || 'Runs as a separate task and returns its answer.',
    group: 'Other agents',
    needsApproval: false,
  }
}

/**
 * The choices by group. The API's order keeps a group together; agents follow the built-in
 * tools, so that they are not behind pages of others. Each MCP server's group begins with
 * the choice of all its tools.
 */
export function toolGroups(entries: CatalogueEntry[], agents: CallableAgent[]) {
  const groups = new Map<string, Map<string, ToolChoice>>()
  const add = (choice: ToolChoice) => {
    const group = groups.get(choice.group) ?? new Map<string, ToolChoice>()
    groups.set(choice.group, group.set(choice.key, choice))
  }
  const isBuiltin = ({ kind }: CatalogueEntry) => kind === 'builtin'

  entries.filter(isBuiltin).flatMap(catalogueChoice).forEach(add)
  agents.map(agentChoice).forEach(add)
  for (const entry of entries.filter((each) => !isBuiltin(each))) {
    if (entry.server !== null && !groups.has(groupOf(entry.source)))
      add(
        serverChoice(
          entry.server,
          entries.filter(({ server }) => server === entry.server),
        ),
      )
    catalogueChoice(entry).forEach(add)
  }
  return [...groups].map(([name, choices]) => ({
    name,
    choices: [...choices.values()],
  }))
}

/** Whether some calls of an entry without a setting of its own ask a person first. */
export function asksByDefault(entry: ToolEntry, choice: ToolChoice) {
  if ('ask_before' in entry && entry.ask_before?.length) return true
  if (entry.type === 'mcp' && entry.effect) return entry.effect === 'write'
  return choice.needsApproval
}

/** The name of an entry whose target is unknown, or not loaded yet. */
export function toolTitle(entry: ToolEntry) {
  switch (entry.type) {
    case 'builtin':
      return entry.name
    case 'http':
      return `HTTP tool ${entry.id}`
    case 'mcp':
      return entry.names?.join(', ') ?? `MCP server ${entry.server}`
    case 'agent':
      return `Agent ${entry.agent}`
  }
}
