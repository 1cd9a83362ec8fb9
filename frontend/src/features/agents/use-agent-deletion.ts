import { toast } from 'sonner'

import { asProblem } from '@/lib/api/problem'

import { useDeleteAgent, useRestoreAgent } from './queries'
import type { Agent } from './queries'

const fail = (error: unknown) => toast.error(asProblem(error).detail)

/** Bring a deleted agent back. */
export function useAgentRestoring() {
  const restoreAgent = useRestoreAgent()

  return (agent: Agent) => {
    restoreAgent.mutate(
      { params: { path: { id: agent.id } } },
      {
        onSuccess: () => toast.success(`${agent.name} is back.`),
        onError: fail,
      },
    )
  }
}

/** Delete an agent, and offer to take it back. */
export function useAgentDeletion(onDeleted?: () => void) {
  const deleteAgent = useDeleteAgent()
  const restore = useAgentRestoring()

  return async (agent: Agent) => {
    try {
      await deleteAgent.mutateAsync({ params: { path: { id: agent.id } } })
    } catch (error) {
      fail(error)
      return
    }
    const onClick = () => {
      restore(agent)
    }
    toast.success(`${agent.name} was deleted.`, {
      duration: 10_000,
      action: { label: 'Undo', onClick },
    })
    onDeleted?.()
  }
}
