import * as z from 'zod/mini'

const count = z.int()

const ENDS = ['task.completed', 'task.failed', 'task.cancelled'] as const

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
  z.object({ type: z.enum(['task.retried', ...ENDS]) }),
])

export type TaskEvent = z.infer<typeof taskEventSchema>
const types: Record<TaskEvent['type'], true> = {
  'attempt.started': true,
  'text.delta': true,
  'reasoning.delta': true,
  'step.completed': true,
  'task.retried': true,
  'task.completed': true,
  'task.failed': true,
  'task.cancelled': true,
}

export const TASK_EVENT_TYPES = Object.keys(types)

/** Whether a task ended here. One that was retried goes on after it. */
export const isEnd = ({ type }: TaskEvent) => ENDS.some((each) => each === type)

export type LifeEvent = Extract<TaskEvent, { type: `task.${string}` }>

/** Whether it tells of the task's status, not of its output. */
export const isLifeEvent = (event: { type: string }): event is LifeEvent =>
  event.type.startsWith('task.')

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
