import { Screen } from '@/components/screen'
import { ApprovalList } from '@/features/approvals/waiting-approvals'

/** All that waits for me, over all tasks. */
export function ApprovalsScreen() {
  return (
    <Screen
      title="Waits for you"
      lead="Calls to approve, questions to answer, and outcomes that only you can find out."
    >
      <div className="max-w-3xl">
        <ApprovalList />
      </div>
    </Screen>
  )
}
