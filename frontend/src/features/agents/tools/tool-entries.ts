import * as z from 'zod/mini'

import type { Schemas } from '@/lib/api/client'

export type CatalogueEntry = Schemas['CatalogueEntry']

const NAME_RULE = 'Use letters, digits, _ and -, at most 64.'
const name = z.string().check(z.regex(/^[\w-]{1,64}$/, NAME_RULE))
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

export type ToolChoice = {
  key: string
  /** The entry that is added to the agent's list. */
  entry: ToolEntry
  title: string
  description: string
  group: string
  effect?: CatalogueEntry['effect']
  needsApproval: boolean
}

const TITLES: Record<string, string> = {
  'built in': 'Built in',
  http: 'Your HTTP tools',
}

function catalogueChoice(offer: CatalogueEntry): ToolChoice[] {
  const { data: entry } = toolEntry.safeParse(offer.reference)
  if (!entry) return []
  const { name, description, source, effect } = offer
  return [
    {
      key: toolKey(entry),
      entry,
      title: name,
      description,
      group: TITLES[source] ?? `MCP server ${source}`,
      effect,
      needsApproval: offer.needs_approval,
    },
  ]
}

/** For each MCP server one more choice: all tools that it offers, now and later. */
function wholeServers(entries: CatalogueEntry[]): ToolChoice[] {
  const servers = new Map<number, string>()
  const asking = new Set<number>()
  for (const { reference, source, needs_approval } of entries) {
    const { data: entry } = toolEntry.safeParse(reference)
    if (entry?.type !== 'mcp') continue
    servers.set(entry.server, source)
    if (needs_approval) asking.add(entry.server)
  }
  return [...servers].map(([server, source]) => {
    const entry: ToolEntry = { type: 'mcp', server }
    return {
      key: toolKey(entry),
      entry,
      title: `All tools of ${source}`,
      description: 'Every tool that the server offers, now and later.',
      group: `MCP server ${source}`,
      needsApproval: asking.has(server),
    }
  })
}

type CallableAgent = Pick<Schemas['Agent'], 'id' | 'name' | 'description'>

function agentChoice({ id, name, description }: CallableAgent): ToolChoice {
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

/** All tools that can be added to an agent, ordered by group. */
export function toolChoices(
  entries: CatalogueEntry[],
  agents: CallableAgent[],
) {
  const offered = [
    ...entries.flatMap(catalogueChoice),
    ...wholeServers(entries),
  ]
  const groups = [...new Set(offered.map(({ group }) => group))]
  return [
    ...groups.flatMap((each) => offered.filter(({ group }) => group === each)),
    ...agents.map(agentChoice),
  ]
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
