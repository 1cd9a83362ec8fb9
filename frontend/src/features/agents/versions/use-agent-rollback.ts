import { toast } from 'sonner'

import { toastProblem } from '@/lib/toast-problem'

import { useRollBackAgent } from '../queries'
import type { Agent } from '../queries'

/** Restore a version. That creates a new version, so it can be undone. */
export function useAgentRollback(agent: Agent) {
  const { mutateAsync, isPending } = useRollBackAgent()

  const send = async (version: number) => {
    try {
      return await mutateAsync({
        params: { path: { id: agent.id } },
        body: { version },
      })
    } catch (error) {
      toastProblem(error)
      return undefined
    }
  }

  const rollBack = async (version: number) => {
    const previous = agent.version
    const changed = await send(version)
    if (!changed) return
    toast.success(
      `Version ${version} of ${agent.name} was restored as version ${changed.version}.`,
      {
        duration: 10_000,
        action: { label: 'Undo', onClick: () => void send(previous) },
      },
    )
  }

  return { rollBack, isPending }
}
