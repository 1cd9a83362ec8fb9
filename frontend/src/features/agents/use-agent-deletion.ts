import { toast } from 'sonner'

import { asProblem } from '@/lib/api/problem'

import { useDeleteAgent, useRestoreAgent } from './queries'
import type { Agent } from './queries'

/** Delete an agent, and offer to take it back. */
export function useAgentDeletion(onDeleted?: () => void) {
  const deleteAgent = useDeleteAgent()
  const restoreAgent = useRestoreAgent()
  const fail = (error: unknown) => toast.error(asProblem(error).detail)

  const restore = (agent: Agent) => {
    restoreAgent.mutate(
      { params: { path: { id: agent.id } } },
      {
        onSuccess: () => toast.success(`${agent.name} is back.`),
        onError: fail,
      },
    )
  }

  return (agent: Agent) => {
    deleteAgent.mutate(
      { params: { path: { id: agent.id } } },
      {
        onSuccess: () => {
          toast.success(`${agent.name} was deleted.`, {
            duration: 10_000,
            action: {
              label: 'Undo',
              onClick: () => {
                restore(agent)
              },
            },
          })
          onDeleted?.()
        },
        onError: fail,
      },
    )
  }
}
