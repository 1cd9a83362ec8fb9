import { isCutOff } from '../queries'
import type { TaskRow } from '../queries'

type Ended = Pick<TaskRow, 'status' | 'finish_reason'>

/** Marks an answer that the model's length limit cut off. */
export function CutOffBadge({ task }: { task: Ended }) {
  if (!isCutOff(task)) return null
  return (
    <span
      title="The model reached its length limit before its answer was complete."
      className="rounded-full bg-waiting/12 px-2 py-0.5 text-xs font-medium whitespace-nowrap text-waiting"
    >
      Cut off
    </span>
  )
}

/** Says below an answer that it was cut off, and what to do. */
export function CutOffNotice({ task }: { task: Ended }) {
  if (!isCutOff(task)) return null
  return (
    <p
      role="note"
      className="rounded-b-2xl border-t bg-waiting/8 px-4 py-3 text-sm sm:px-5"
    >
      The answer is cut off: the model reached its length limit. Raise the
      agent’s output limit, or ask for the rest in a follow-up.
    </p>
  )
}
