import * as z from 'zod/mini'

import type { Schemas } from '@/lib/api/client'

export type ToolOffer = Schemas['CatalogueEntry']

const NAME_RULE = 'Use letters, digits, _ and -, at most 64.'
const name = z.string().check(z.regex(/^[\w-]{1,64}$/, NAME_RULE))
const hasApproval = { needs_approval: z.optional(z.boolean()) }

/** One entry of an agent's list of tools, as `/api/tools/` gives it, with its settings. */
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
  z.object({ type: z.literal('http'), id: z.number(), ...hasApproval }),
  z.object({
    type: z.literal('mcp'),
    server: z.number(),
    names: z.optional(z.array(z.string())),
    prefix: z.optional(name),
    effect: z.optional(z.enum(['read', 'idempotent', 'write'])),
    ...hasApproval,
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

/** What an entry points at, whatever its settings: the same twice is a mistake. */
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
  /** What is added to the agent's list. */
  entry: ToolEntry
  title: string
  description: string
  group: string
  effect?: ToolOffer['effect']
  needsApproval: boolean
}

const TITLES: Record<string, string> = {
  'built in': 'Built in',
  http: 'Your HTTP tools',
}

function offeredChoice(offer: ToolOffer): ToolChoice[] {
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

/** For each MCP server one more choice: whatever it offers, now and later. */
function wholeServers(offers: ToolOffer[]): ToolChoice[] {
  const servers = new Map<number, string>()
  for (const { reference, source } of offers) {
    const { data: entry } = toolEntry.safeParse(reference)
    if (entry?.type === 'mcp') servers.set(entry.server, source)
  }
  return [...servers].map(([server, source]) => {
    const entry: ToolEntry = { type: 'mcp', server }
    return {
      key: toolKey(entry),
      entry,
      title: `All tools of ${source}`,
      description: 'Those that it has now, and those that it will have.',
      group: `MCP server ${source}`,
      needsApproval: false,
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
    description: description || 'Runs as a task of its own, and answers.',
    group: 'Other agents',
    needsApproval: false,
  }
}

/** Everything that an agent can be given, in groups that stand together. */
export function toolChoices(offers: ToolOffer[], agents: CallableAgent[]) {
  const offered = [...offers.flatMap(offeredChoice), ...wholeServers(offers)]
  const groups = [...new Set(offered.map(({ group }) => group))]
  return [
    ...groups.flatMap((each) => offered.filter(({ group }) => group === each)),
    ...agents.map(agentChoice),
  ]
}

/** How an entry is called when what it points at is not (or not yet) known. */
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
