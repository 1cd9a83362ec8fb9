import { useQueryClient } from '@tanstack/react-query'

import { api } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'

export type Queue = Schemas['Queue']
export type Worker = Schemas['Worker']

const LIVE = { refetchInterval: 5000 }

export const queueQuery = () =>
  api.queryOptions('get', '/api/queue/', undefined, LIVE)

export const workersQuery = () =>
  api.queryOptions('get', '/api/workers/', undefined, LIVE)

function useQueueRefresh() {
  const queryClient = useQueryClient()
  return () =>
    Promise.all([
      queryClient.invalidateQueries(queueQuery()),
      queryClient.invalidateQueries(workersQuery()),
    ])
}

export function useRequeueTasks() {
  const onSuccess = useQueueRefresh()
  return api.useMutation('post', '/api/queue/requeue/', { onSuccess })
}

export function useFailTasks() {
  const onSuccess = useQueueRefresh()
  return api.useMutation('post', '/api/queue/fail/', { onSuccess })
}
