import { toast } from 'sonner'

import { asProblem } from '@/lib/api/problem'

import { useRollBackAgent } from '../queries'
import type { Agent } from '../queries'

/** Go back to a version. That makes a new one, so there is a way back from it too. */
export function useAgentRollback(agent: Agent) {
  const { mutateAsync, isPending } = useRollBackAgent()

  const send = async (version: number) => {
    try {
      return await mutateAsync({
        params: { path: { id: agent.id } },
        body: { version },
      })
    } catch (error) {
      toast.error(asProblem(error).detail)
      return undefined
    }
  }

  const rollBack = async (version: number) => {
    const former = agent.version
    const changed = await send(version)
    if (!changed) return
    toast.success(
      `${agent.name} is as it was in version ${version}. That is version ${changed.version} now.`,
      {
        duration: 10_000,
        action: { label: 'Undo', onClick: () => void send(former) },
      },
    )
  }

  return { rollBack, isPending }
}
