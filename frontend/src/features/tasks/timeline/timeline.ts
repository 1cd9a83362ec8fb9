import type { Step, Task } from '../queries'
import type { LogEntry } from '../stream/task-events'
import type { StreamStep } from '../stream/task-stream'
import { callsOf } from '../stream/tool-calls'
import type { ToolCall } from '../stream/tool-calls'

type Times = {
  key: string
  from: number
  /** Null while it is in progress. */
  to: number | null
}

/** A line of the timeline: something that took time, or a moment. */
export type Line = Times &
  (
    | { kind: 'response'; position: number; step?: Step; streamed?: StreamStep }
    | { kind: 'call'; call: ToolCall; step?: Step }
    | { kind: 'wait'; waitsFor: string; decision: string }
    | {
        kind: 'mark'
        label: string
        detail: string
        tone: 'plain' | 'bad' | 'good'
      }
  )

type TimelineInput = {
  task: Task
  log: LogEntry[]
  streamed: StreamStep[]
  steps: Step[]
}

const ms = (time: string) => Date.parse(time)

/** Everything that happened in a task, ordered by when it started. */
export function timelineOf(input: TimelineInput): Line[] {
  return [
    ...queueLines(input),
    ...markLines(input),
    ...responseLines(input),
    ...callLines(input),
  ].sort((a, b) => a.from - b.from)
}

/** The waits for a worker: at first, and after a lost worker, a release or a retry. */
function queueLines({ task, log }: TimelineInput): Line[] {
  const isQueueing = ({ type }: LogEntry) =>
    type === 'attempt.lost' ||
    type === 'attempt.released' ||
    type === 'task.retried'
  const lines: Line[] = []
  let since: string | undefined = task.created_at
  const close = (to: string | null) => {
    if (!since) return
    const key = `queue-${lines.length}`
    const times = { key, from: ms(since), to: to ? ms(to) : null }
    lines.push({ ...times, kind: 'wait', waitsFor: 'worker', decision: '' })
    since = undefined
  }
  for (const entry of log) {
    if (isQueueing(entry)) since = entry.created_at
    if (entry.type === 'attempt.started') close(entry.created_at)
  }
  // Where the log was deleted for its age, the row still has the start.
  const started = log.length > 0 ? null : task.started_at
  close(task.status === 'pending' ? null : (started ?? task.finished_at))
  return lines
}

type Mark = Pick<Extract<Line, { kind: 'mark' }>, 'label' | 'detail' | 'tone'>

const MARKS: Partial<Record<LogEntry['type'], Mark>> = {
  'attempt.lost': {
    label: 'Worker lost',
    detail: 'Another worker continues after the last stored step.',
    tone: 'bad',
  },
  'attempt.released': {
    label: 'Returned to the queue',
    detail: '',
    tone: 'plain',
  },
  'task.retried': { label: 'Retried', detail: '', tone: 'plain' },
  'task.cancelled': { label: 'Cancelled', detail: '', tone: 'plain' },
  'task.completed': { label: 'Completed', detail: '', tone: 'good' },
}

function markOf(entry: LogEntry, task: Task): Mark | undefined {
  if (entry.type === 'attempt.started' && entry.attempt > 1) {
    return { label: `Attempt ${entry.attempt}`, detail: '', tone: 'plain' }
  }
  if (entry.type === 'step.retried') {
    // The same response follows: the model was not called again.
    if (entry.error_code === 'reasoning_in_text') return undefined
    return { label: 'Model call retried', detail: reasonOf(entry), tone: 'bad' }
  }
  if (entry.type === 'task.failed') {
    return { label: 'Failed', detail: task.error_detail, tone: 'bad' }
  }
  return MARKS[entry.type]
}

function reasonOf(entry: Extract<LogEntry, { type: 'step.retried' }>) {
  const { error_detail, wait_seconds, model, next_model } = entry
  const other =
    next_model && next_model !== model ? ` Switched to ${next_model}.` : ''
  const pause =
    wait_seconds > 0
      ? ` Waited ${wait_seconds.toFixed(1)} s before the retry.`
      : ''
  return `${error_detail}${other}${pause}`
}

function markLines({ task, log }: TimelineInput): Line[] {
  return log.flatMap((entry, index): Line[] => {
    const mark = markOf(entry, task)
    const at = ms(entry.created_at)
    if (!mark) return []
    return [{ key: `mark-${index}`, kind: 'mark', from: at, to: at, ...mark }]
  })
}

/** The earliest start of the current response: after everything that was logged. */
function lastLogged({ task, log }: TimelineInput) {
  return ms(log.at(-1)?.created_at ?? task.started_at ?? task.created_at)
}

function responseLines(input: TimelineInput): Line[] {
  const { task, streamed, steps } = input
  const stored = steps.filter(({ kind }) => kind === 'model_response')
  const lines = stored.map((step): Line => {
    const { position } = step
    const words = streamed.find((each) => each.step === position)
    return {
      ...responseTimes(position, step.started_at, step.finished_at),
      kind: 'response',
      position,
      step,
      ...(words ? { streamed: words } : {}),
    }
  })
  const live = streamed.filter(
    ({ step, isCompleted }) =>
      !isCompleted && !stored.some(({ position }) => position === step),
  )
  return [
    ...lines,
    ...live.map((words): Line => {
      const to = task.finished_at ? ms(task.finished_at) : null
      return {
        key: `response-${words.step}`,
        from: lastLogged({ ...input, log: beforeEnd(input.log) }),
        to,
        kind: 'response',
        position: words.step,
        streamed: words,
      }
    }),
  ]
}

const responseTimes = (position: number, from: string, to: string) => ({
  key: `response-${position}`,
  from: ms(from),
  to: ms(to),
})

const beforeEnd = (log: LogEntry[]) =>
  log.filter(
    ({ type }) =>
      type === 'attempt.started' ||
      type === 'tool.result' ||
      type === 'step.retried',
  )

/** The tool calls of the stored steps, for a task whose log was deleted. */
function storedCalls(steps: Step[]): ToolCall[] {
  return steps.flatMap((step) =>
    step.message.parts.flatMap((part): ToolCall[] => {
      if (part.type !== 'tool_call') return []
      const { tool_call_id: id, name, arguments: text } = part
      const call = { id, name, arguments: text, step: step.position }
      return [{ ...call, requestedAt: step.finished_at, waits: [] }]
    }),
  )
}

const resultIn = (steps: Step[], call: ToolCall) =>
  steps.find(
    (step) =>
      step.position > call.step &&
      step.message.parts.some(
        (part) => part.type === 'tool_result' && part.tool_call_id === call.id,
      ),
  )

function callLines({ task, log, steps }: TimelineInput): Line[] {
  const logged = callsOf(log)
  const calls = logged.length > 0 ? logged : storedCalls(steps)
  const end = task.finished_at ? ms(task.finished_at) : null
  return calls.flatMap((call): Line[] => {
    const step = resultIn(steps, call)
    const at = call.result?.at ?? step?.finished_at
    const to = at ? ms(at) : end
    const key = `call-${call.step}-${call.id}`
    const waits = call.waits.map((wait, index): Line => ({
      key: `${key}-${index}`,
      kind: 'wait',
      waitsFor: wait.waitsFor,
      decision: wait.decision,
      from: ms(wait.from),
      to: wait.to ? ms(wait.to) : end,
    }))
    const line = {
      key,
      kind: 'call',
      from: ms(call.requestedAt),
      to,
      call,
    } as const
    return [{ ...line, ...(step ? { step } : {}) }, ...waits]
  })
}
