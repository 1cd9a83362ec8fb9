import { Screen } from '@/components/screen'
import { ApprovalList } from '@/features/approvals/waiting-approvals'

/** The decisions that the user's tasks wait for. */
export function ApprovalsScreen() {
  return (
    <Screen
      title="Waiting for you"
      description="Tool calls to approve, questions to answer, and unknown outcomes to resolve."
    >
      <div className="max-w-3xl">
        <ApprovalList />
      </div>
    </Screen>
  )
}
