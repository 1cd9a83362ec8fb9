import type { Connection } from './follow-task'
import { isDelta } from './task-events'
import type { Delta, LogEntry, TaskEvent } from './task-events'

/** One response of the model, as far as it has arrived. */
export type StreamStep = {
  step: number
  text: string
  reasoning: string
  isCompleted: boolean
}

export type TaskStream = {
  steps: StreamStep[]
  log: LogEntry[]
  connection: Connection
  /** The stream starts from its beginning again: its first event replaces all of this. */
  isStale: boolean
}

type Action = TaskEvent | { type: 'connection'; connection: Connection }

export const emptyStream: TaskStream = {
  steps: [],
  log: [],
  connection: 'connecting',
  isStale: false,
}

function withStep(
  steps: StreamStep[],
  step: number,
  change: (before: StreamStep) => Partial<StreamStep>,
) {
  const before = steps.find((each) => each.step === step) ?? {
    step,
    text: '',
    reasoning: '',
    isCompleted: false,
  }
  const others = steps.filter((each) => each.step !== step)
  return [...others, { ...before, ...change(before) }].sort(
    (a, b) => a.step - b.step,
  )
}

/** The state of the stream after an event. */
export function reduceStream(stream: TaskStream, action: Action): TaskStream {
  if (action.type === 'connection') {
    const { connection } = action
    const isStale = stream.isStale || connection === 'connecting'
    return { ...stream, connection, isStale }
  }
  const { steps, log } = stream.isStale ? emptyStream : stream
  return {
    connection: stream.connection,
    isStale: false,
    ...(isDelta(action)
      ? { steps: withDelta(steps, action), log }
      : { steps: withEntry(steps, action), log: [...log, action] }),
  }
}

function withDelta(steps: StreamStep[], { type, step, text }: Delta) {
  const channel = type === 'text.delta' ? 'text' : 'reasoning'
  return withStep(steps, step, (before) => ({
    [channel]: before[channel] + text,
  }))
}

/** A new attempt, and a retry within one, discard the text of the step that failed. */
function withEntry(steps: StreamStep[], entry: LogEntry) {
  if (entry.type === 'step.completed') {
    return withStep(steps, entry.step, () => ({ isCompleted: true }))
  }
  const isRestart =
    entry.type === 'attempt.started' || entry.type === 'step.retried'
  return isRestart ? steps.filter((step) => step.isCompleted) : steps
}
