import { toast } from 'sonner'

import { toastProblem } from '@/lib/toast-problem'

import { useDeleteAgent, useRestoreAgent } from './queries'
import type { Agent } from './queries'

/** Restore a deleted agent. */
export function useRestoreDeletedAgent() {
  const restoreAgent = useRestoreAgent()

  return (agent: Agent) => {
    restoreAgent.mutate(
      { params: { path: { id: agent.id } } },
      {
        onSuccess: () => toast.success(`${agent.name} was restored.`),
        onError: toastProblem,
      },
    )
  }
}

/** Delete an agent, and offer to undo it. */
export function useAgentDeletion(onDeleted?: () => void) {
  const deleteAgent = useDeleteAgent()
  const restore = useRestoreDeletedAgent()

  return async (agent: Agent) => {
    try {
      await deleteAgent.mutateAsync({ params: { path: { id: agent.id } } })
    } catch (error) {
      toastProblem(error)
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
