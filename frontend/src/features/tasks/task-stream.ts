import { isLifeEvent } from './task-events'
import type { LifeEvent, TaskEvent } from './task-events'
import type { Connection } from './task-source'

/** One step of a task, as far as its stream has told. */
type StreamStep = {
  step: number
  text: string
  reasoning: string
  isCompleted: boolean
}

export type TaskStream = {
  steps: StreamStep[]
  connection: Connection
  /** Another follower began from the beginning: its first words replace all of this. */
  isStale: boolean
}

type OutputEvent = Exclude<TaskEvent, LifeEvent>
type Action = TaskEvent | { type: 'connection'; connection: Connection }

export const emptyStream: TaskStream = {
  steps: [],
  connection: 'connecting',
  isStale: false,
}

function withStep(
  stream: TaskStream,
  step: number,
  change: (before: StreamStep) => Partial<StreamStep>,
): TaskStream {
  const before = stream.steps.find((each) => each.step === step) ?? {
    step,
    text: '',
    reasoning: '',
    isCompleted: false,
  }
  const others = stream.steps.filter((each) => each.step !== step)
  const steps = [...others, { ...before, ...change(before) }]
  return { ...stream, steps: steps.sort((a, b) => a.step - b.step) }
}

/** What is known after an event. A new attempt drops the text of the step that broke. */
export function reduceStream(stream: TaskStream, action: Action): TaskStream {
  if (isLifeEvent(action)) return stream
  if (action.type === 'connection') {
    const { connection } = action
    return {
      ...stream,
      connection,
      isStale: stream.isStale || connection === 'connecting',
    }
  }
  return withOutput(
    stream.isStale ? { ...stream, steps: [], isStale: false } : stream,
    action,
  )
}

function withOutput(stream: TaskStream, action: OutputEvent): TaskStream {
  switch (action.type) {
    case 'attempt.started':
      return {
        ...stream,
        steps: stream.steps.filter((step) => step.isCompleted),
      }
    case 'text.delta':
      return withStep(stream, action.step, ({ text }) => ({
        text: text + action.text,
      }))
    case 'reasoning.delta':
      return withStep(stream, action.step, ({ reasoning }) => ({
        reasoning: reasoning + action.text,
      }))
    case 'step.completed':
      return withStep(stream, action.step, () => ({ isCompleted: true }))
  }
}

/** The texts of all steps, one after the other. */
export function joined(stream: TaskStream, channel: 'text' | 'reasoning') {
  return stream.steps
    .map((step) => step[channel])
    .filter(Boolean)
    .join('\n\n')
}
