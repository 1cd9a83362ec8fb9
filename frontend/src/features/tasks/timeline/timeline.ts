import type { Step, Task } from '../queries'
import type { LogEntry } from '../stream/task-events'
import type { StreamStep } from '../stream/task-stream'
import { callsOf } from '../stream/tool-calls'
import type { Call } from '../stream/tool-calls'

type Times = {
  key: string
  from: number
  /** Nothing where it still goes on. */
  to: number | null
}

/** A line of the timeline: something that took its time, or happened in a moment. */
export type Line = Times &
  (
    | { kind: 'response'; position: number; step?: Step; said?: StreamStep }
    | { kind: 'call'; call: Call; step?: Step }
    | { kind: 'wait'; waitsFor: string; decision: string }
    | {
        kind: 'mark'
        label: string
        detail: string
        tone: 'plain' | 'bad' | 'good'
      }
  )

type Told = { task: Task; log: LogEntry[]; said: StreamStep[]; steps: Step[] }

const ms = (time: string) => Date.parse(time)

/** All that happened in a task, in the order in which it began. */
export function timelineOf(told: Told): Line[] {
  return [
    ...queueLines(told),
    ...markLines(told),
    ...responseLines(told),
    ...callLines(told),
  ].sort((a, b) => a.from - b.from)
}

/** A wait for a worker: at first, after a loss, a retry, or somebody's word. */
function queueLines({ task, log }: Told): Line[] {
  const isQueueing = ({ type }: LogEntry) =>
    type === 'attempt.lost' ||
    type === 'attempt.handed_back' ||
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
  // A log that was deleted for its age leaves what the row says.
  const began = log.length > 0 ? null : task.started_at
  close(task.status === 'pending' ? null : (began ?? task.finished_at))
  return lines
}

type Mark = Pick<Extract<Line, { kind: 'mark' }>, 'label' | 'detail' | 'tone'>

const MARKS: Partial<Record<LogEntry['type'], Mark>> = {
  'attempt.lost': {
    label: 'Worker lost',
    detail: 'Another one goes on after the last stored step.',
    tone: 'bad',
  },
  'attempt.handed_back': {
    label: 'Handed back to the queue',
    detail: '',
    tone: 'plain',
  },
  'task.retried': { label: 'Run again', detail: '', tone: 'plain' },
  'task.cancelled': { label: 'Cancelled', detail: '', tone: 'plain' },
  'task.completed': { label: 'Completed', detail: '', tone: 'good' },
}

function markOf(entry: LogEntry, task: Task): Mark | undefined {
  if (entry.type === 'attempt.started' && entry.attempt > 1) {
    return { label: `Attempt ${entry.attempt}`, detail: '', tone: 'plain' }
  }
  if (entry.type === 'step.retried') {
    return { label: 'Asked again', detail: reasonOf(entry), tone: 'bad' }
  }
  if (entry.type === 'task.failed') {
    return { label: 'Failed', detail: task.error_detail, tone: 'bad' }
  }
  return MARKS[entry.type]
}

function reasonOf(entry: Extract<LogEntry, { type: 'step.retried' }>) {
  const { error_detail, wait_seconds, model, next_model } = entry
  const other =
    next_model && next_model !== model
      ? ` ${next_model} was asked instead.`
      : ''
  const pause =
    wait_seconds > 0 ? ` It waited ${wait_seconds.toFixed(1)} s before.` : ''
  return `${error_detail}${other}${pause}`
}

function markLines({ task, log }: Told): Line[] {
  return log.flatMap((entry, index): Line[] => {
    const mark = markOf(entry, task)
    const at = ms(entry.created_at)
    if (!mark) return []
    return [{ key: `mark-${index}`, kind: 'mark', from: at, to: at, ...mark }]
  })
}

/** When the response that is being made can have begun: after all that was told. */
function lastTold({ task, log }: Told) {
  return ms(log.at(-1)?.created_at ?? task.started_at ?? task.created_at)
}

function responseLines(told: Told): Line[] {
  const { task, said, steps } = told
  const stored = steps.filter(({ kind }) => kind === 'model_response')
  const lines = stored.map((step): Line => {
    const { position } = step
    const words = said.find((each) => each.step === position)
    return {
      ...responseTimes(position, step.started_at, step.finished_at),
      kind: 'response',
      position,
      step,
      ...(words ? { said: words } : {}),
    }
  })
  const live = said.filter(
    ({ step, isCompleted }) =>
      !isCompleted && !stored.some(({ position }) => position === step),
  )
  return [
    ...lines,
    ...live.map((words): Line => {
      const to = task.finished_at ? ms(task.finished_at) : null
      return {
        key: `response-${words.step}`,
        from: lastTold({ ...told, log: beforeEnd(told.log) }),
        to,
        kind: 'response',
        position: words.step,
        said: words,
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

/** The calls that the stored steps hold, where the log no longer tells of them. */
function storedCalls(steps: Step[]): Call[] {
  return steps.flatMap((step) =>
    step.message.parts.flatMap((part): Call[] => {
      if (part.type !== 'tool_call') return []
      const { tool_call_id: id, name, arguments: text } = part
      const asked = { id, name, arguments: text, step: step.position }
      return [{ ...asked, askedAt: step.finished_at, waits: [] }]
    }),
  )
}

const resultIn = (steps: Step[], call: Call) =>
  steps.find(
    (step) =>
      step.position > call.step &&
      step.message.parts.some(
        (part) => part.type === 'tool_result' && part.tool_call_id === call.id,
      ),
  )

function callLines({ task, log, steps }: Told): Line[] {
  const told = callsOf(log)
  const calls = told.length > 0 ? told : storedCalls(steps)
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
      from: ms(call.askedAt),
      to,
      call,
    } as const
    return [{ ...line, ...(step ? { step } : {}) }, ...waits]
  })
}
