import { useQueryClient } from '@tanstack/react-query'

import { refreshAgentActivity } from '@/features/agents/queries'
import { refreshApprovals } from '@/features/approvals/queries'
import { useStatusFeed } from '@/features/tasks/status-feed/use-status-feed'

/** Keeps every screen current as tasks change. */
export function useStatusUpdates() {
  const queryClient = useQueryClient()
  useStatusFeed((changes) => {
    void refreshAgentActivity(queryClient, changes)
    void refreshApprovals(queryClient, changes)
  })
}
