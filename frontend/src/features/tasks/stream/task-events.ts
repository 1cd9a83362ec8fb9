import * as z from 'zod/mini'

const count = z.int()
const text = z._default(z.string(), '')
/** When it happened. */
const created_at = text

const ENDS = ['task.completed', 'task.failed', 'task.cancelled'] as const
const STOPS = ['attempt.lost', 'attempt.handed_back', 'task.waiting'] as const

const called = { created_at, tool_call_id: z.string(), name: z.string() }

/** What the stream of a task tells. A type that is not here is not for this page. */
const taskEventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.enum(['text.delta', 'reasoning.delta']),
    step: count,
    text: z.string(),
  }),
  z.object({
    type: z.literal('attempt.started'),
    created_at,
    attempt: count,
    worker: text,
  }),
  z.object({
    type: z.literal('step.completed'),
    created_at,
    step: count,
    model: text,
    finish_reason: text,
    input_tokens: z._default(count, 0),
    output_tokens: z._default(count, 0),
  }),
  z.object({
    type: z.literal('step.retried'),
    created_at,
    step: count,
    model: text,
    next_model: text,
    error_code: text,
    error_detail: text,
    wait_seconds: z._default(z.number(), 0),
  }),
  z.object({
    type: z.literal('tool.call'),
    ...called,
    step: count,
    arguments: text,
  }),
  z.object({ type: z.literal('tool.started'), ...called }),
  z.object({ type: z.literal('tool.waiting'), ...called, waits_for: text }),
  z.object({
    type: z.literal('tool.decided'),
    created_at,
    tool_call_id: z.string(),
    decision: text,
  }),
  z.object({
    type: z.literal('tool.result'),
    ...called,
    step: count,
    is_error: z._default(z.boolean(), false),
    content: text,
  }),
  z.object({
    type: z.enum([
      'task.created',
      'task.retried',
      'cancel.requested',
      ...STOPS,
      ...ENDS,
    ]),
    created_at,
  }),
])

export type TaskEvent = z.infer<typeof taskEventSchema>
export type Delta = Extract<TaskEvent, { text: string }>
/** An entry of a task's log: everything but the text that is being made. */
export type LogEntry = Exclude<TaskEvent, Delta>

const types: Record<TaskEvent['type'], true> = {
  'text.delta': true,
  'reasoning.delta': true,
  'attempt.started': true,
  'attempt.lost': true,
  'attempt.handed_back': true,
  'step.completed': true,
  'step.retried': true,
  'tool.call': true,
  'tool.started': true,
  'tool.waiting': true,
  'tool.decided': true,
  'tool.result': true,
  'cancel.requested': true,
  'task.created': true,
  'task.waiting': true,
  'task.retried': true,
  'task.completed': true,
  'task.failed': true,
  'task.cancelled': true,
}

export const TASK_EVENT_TYPES = Object.keys(types)

export const isDelta = (event: TaskEvent): event is Delta => 'text' in event

/** Whether a task ended here. One that was retried goes on after it. */
export const isEnd = ({ type }: TaskEvent) => ENDS.some((each) => each === type)

/** Whether the task's row reads otherwise after it. */
export const changesTask = ({ type }: TaskEvent) =>
  type.startsWith('task.') ||
  type.startsWith('attempt.') ||
  type === 'tool.decided'

/** The event in a message of the stream, or nothing where it cannot be read. */
export function parseTaskEvent(type: string, data: string) {
  try {
    const body: unknown = JSON.parse(data)
    if (typeof body !== 'object') return undefined
    return taskEventSchema.safeParse({ ...body, type }).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
