import { useQueries, useQuery } from '@tanstack/react-query'

import { agentQuery } from '../queries'
import {
  agentChoice,
  catalogueChoice,
  serverChoice,
  toolIds,
  toolKey,
  toolTitle,
} from './tool-entries'
import type { ToolChoice, ToolEntry } from './tool-entries'
import { toolsOfServerQuery, toolsByIdQuery } from './tool-queries'

/** What is known of the tools in an agent's list: `choiceOf` each of the entries. */
export function useChosenTools(entries: ToolEntry[]) {
  const { data: tools } = useQuery(toolsByIdQuery(entries.flatMap(toolIds)))
  const servers = useQueries({
    queries: entries
      .flatMap((each) => (each.type === 'mcp' && !each.names ? [each] : []))
      .map(({ server }) => toolsOfServerQuery(server)),
  })
  const agents = useQueries({
    queries: entries
      .flatMap((each) => (each.type === 'agent' ? [each] : []))
      .map(({ agent }) => agentQuery(agent)),
  })
  const known = new Map<string, ToolChoice>()
  const add = (choice: ToolChoice) => known.set(choice.key, choice)
  tools?.results.flatMap(catalogueChoice).forEach(add)
  for (const { data } of servers) {
    const server = data?.results[0]?.server
    if (data && server)
      add(serverChoice(server, data.results, { hasMore: data.next !== null }))
  }
  agents.flatMap(({ data }) => (data ? [agentChoice(data)] : [])).forEach(add)

  return (entry: ToolEntry) => known.get(toolKey(entry)) ?? unknown(entry)
}

function unknown(entry: ToolEntry): ToolChoice {
  return {
    key: toolKey(entry),
    entry,
    title: toolTitle(entry),
    description: '',
    group: '',
    needsApproval: false,
  }
}
