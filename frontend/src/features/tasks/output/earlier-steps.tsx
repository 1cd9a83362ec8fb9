import { ChevronRightIcon, FootprintsIcon } from 'lucide-react'
import { useState } from 'react'

import type { Task } from '../queries'
import type { StreamStep } from '../stream/task-stream'
import type { ToolCall } from '../stream/tool-calls'
import { formatCount } from '@/lib/format'

import { Answer } from './answer'
import { Reasoning } from './reasoning'
import { ToolCallLine } from './tool-call-line'

type EarlierStepsProps = {
  task: Task
  steps: StreamStep[]
  calls: ToolCall[]
  /** Whether it is open at first, as for a task that runs. */
  isOpen: boolean
}

/** The text and the tool calls of a task before its answer. */
export function EarlierSteps(props: EarlierStepsProps) {
  const { task, steps, calls } = props
  const [isOpen, setOpen] = useState(props.isOpen)
  // The row has the count before the log has loaded, so that nothing moves when it has.
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
                <ToolCallLine key={call.id} call={call} status={task.status} />
              ))}
          </li>
        ))}
      </ol>
    </details>
  )
}

function countOf(calls: ToolCall[]) {
  if (calls.length === 0) return 'Earlier steps'
  return `Earlier steps: ${formatCount(calls.length, 'tool call')}`
}
