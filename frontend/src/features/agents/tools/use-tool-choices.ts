import { useQuery } from '@tanstack/react-query'

import { agentNamesQuery, toolsQuery } from '../queries'
import { toolChoices, toolKey, toolTitle } from './tool-entries'
import type { ToolChoice, ToolEntry } from './tool-entries'

/** All tools that can be added to an agent, except the agent itself. */
export function useToolChoices(agent: number | undefined) {
  const tools = useQuery(toolsQuery())
  const agents = useQuery(agentNamesQuery())
  const others = agents.data?.results.filter(({ id }) => id !== agent) ?? []
  const choices = toolChoices(tools.data?.results ?? [], others)
  const byKey = new Map(choices.map((choice) => [choice.key, choice]))

  const choiceOf = (entry: ToolEntry): ToolChoice => {
    const key = toolKey(entry)
    const unknown: ToolChoice = {
      key,
      entry,
      title: toolTitle(entry),
      description: '',
      group: '',
      needsApproval: false,
    }
    return byKey.get(key) ?? unknown
  }

  return { choices, choiceOf, isPending: tools.isPending || agents.isPending }
}
