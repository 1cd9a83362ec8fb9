import * as z from 'zod/mini'

const count = z.int()

const ended = {
  error_code: z._default(z.string(), ''),
  error_detail: z._default(z.string(), ''),
  input_tokens: z._default(count, 0),
  output_tokens: z._default(count, 0),
}

/** What the stream of a task tells. A type that is not here is not for this page. */
const taskEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('attempt.started'), attempt: count }),
  z.object({ type: z.literal('text.delta'), step: count, text: z.string() }),
  z.object({
    type: z.literal('reasoning.delta'),
    step: count,
    text: z.string(),
  }),
  z.object({
    type: z.literal('step.completed'),
    step: count,
    kind: z.string(),
    model: z._default(z.string(), ''),
    input_tokens: z._default(count, 0),
    output_tokens: z._default(count, 0),
  }),
  z.object({
    type: z.literal('task.completed'),
    status: z.literal('completed'),
    ...ended,
  }),
  z.object({
    type: z.literal('task.failed'),
    status: z.literal('failed'),
    ...ended,
  }),
  z.object({
    type: z.literal('task.cancelled'),
    status: z.literal('cancelled'),
    ...ended,
  }),
])

export type TaskEvent = z.infer<typeof taskEventSchema>
export type TaskEndEvent = Extract<TaskEvent, { status: string }>

const types: Record<TaskEvent['type'], true> = {
  'attempt.started': true,
  'text.delta': true,
  'reasoning.delta': true,
  'step.completed': true,
  'task.completed': true,
  'task.failed': true,
  'task.cancelled': true,
}

export const TASK_EVENT_TYPES = Object.keys(types)

export const isEndEvent = (event: TaskEvent): event is TaskEndEvent =>
  'status' in event

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
