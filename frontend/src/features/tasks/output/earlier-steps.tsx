import { ChevronRightIcon, FootprintsIcon } from 'lucide-react'
import { useState } from 'react'

import type { Task } from '../queries'
import type { StreamStep } from '../stream/task-stream'
import type { Call } from '../stream/tool-calls'
import { Answer } from './answer'
import { Reasoning } from './reasoning'
import { CallLine } from './tool-call-line'

type EarlierStepsProps = {
  task: Task
  steps: StreamStep[]
  calls: Call[]
  /** Whether it begins open: while it happens. */
  isOpen: boolean
}

/** What a task said and called on its way to the answer. */
export function EarlierSteps(props: EarlierStepsProps) {
  const { task, steps, calls } = props
  const [isOpen, setOpen] = useState(props.isOpen)
  // Known from the row before the log has come, so that nothing moves when it does.
  if (steps.length === 0 && task.steps_count <= 1) return null
  return (
    <details
      open={isOpen}
      className="group rounded-xl border"
      onToggle={(event) => {
        setOpen(event.currentTarget.open)
      }}
    >
      <summary className="flex cursor-pointer list-none items-center gap-2 rounded-xl px-3 py-2 text-sm text-muted-foreground hover:text-foreground touch:min-h-10">
        <FootprintsIcon aria-hidden className="size-4" />
        {countOf(calls)}
        <ChevronRightIcon
          aria-hidden
          className="size-4 transition-transform group-open:rotate-90"
        />
      </summary>
      <ol className="space-y-3 px-3 pt-1 pb-3">
        {steps.map((step) => (
          <li key={step.step} className="space-y-2">
            <Reasoning text={step.reasoning} />
            {step.text && <Answer text={step.text} className="text-sm" />}
            {calls
              .filter((call) => call.step === step.step)
              .map((call) => (
                <CallLine key={call.id} call={call} status={task.status} />
              ))}
          </li>
        ))}
      </ol>
    </details>
  )
}

function countOf(calls: Call[]) {
  if (calls.length === 0) return 'How it got there'
  const noun = calls.length === 1 ? 'tool call' : 'tool calls'
  return `How it got there: ${calls.length} ${noun}`
}
