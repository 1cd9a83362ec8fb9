import * as z from 'zod/mini'

import type { Schemas } from '@/lib/api/client'
import { readObject } from '@/lib/json'

const count = z.int()
const text = z._default(z.string(), '')
/** When the event happened. */
const created_at = text

const ENDS = ['task.completed', 'task.failed', 'task.cancelled'] as const
const STOPS = ['attempt.lost', 'attempt.released', 'task.waiting'] as const

const called = { created_at, tool_call_id: z.string(), name: z.string() }

/** The events of a task's stream that this page knows. It ignores all other types. */
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
      'usage.recorded',
      ...STOPS,
      ...ENDS,
    ]),
    created_at,
  }),
])

export type TaskEvent = z.infer<typeof taskEventSchema>
export type Delta = Extract<TaskEvent, { text: string }>
/** A stored entry of a task's log, unlike the deltas of a draft. */
export type LogEntry = Exclude<TaskEvent, Delta>

/** The reason of a closed stream is that of the next request, which says it, too. */
type EventType = Exclude<Schemas['StreamEvent']['event'], 'stream.closed'>
/** Nothing can be assigned to it unless both lists are the same. */
type Same<A, B> = [A, B] extends [B, A] ? true : never

// The compiler compares the parser's list with the API's, and this one with both.
const types: Record<EventType, Same<EventType, TaskEvent['type']>> = {
  'text.delta': true,
  'reasoning.delta': true,
  'attempt.started': true,
  'attempt.lost': true,
  'attempt.released': true,
  'step.completed': true,
  'step.retried': true,
  'tool.call': true,
  'tool.started': true,
  'tool.waiting': true,
  'tool.decided': true,
  'tool.result': true,
  'cancel.requested': true,
  'usage.recorded': true,
  'task.created': true,
  'task.waiting': true,
  'task.retried': true,
  'task.completed': true,
  'task.failed': true,
  'task.cancelled': true,
}

export const TASK_EVENT_TYPES = Object.keys(types)

export const isDelta = (event: TaskEvent): event is Delta => 'text' in event

/** Whether a task ends with this event. A retry continues after it. */
export const isEnd = ({ type }: TaskEvent) => ENDS.some((each) => each === type)

/** Whether the event changes the task's row. */
export const changesTask = ({ type }: TaskEvent) =>
  type.startsWith('task.') ||
  type.startsWith('attempt.') ||
  type === 'usage.recorded' ||
  type === 'tool.decided'

/** The event in a message of the stream, or nothing where it is not valid. */
export function parseTaskEvent(type: string, data: string) {
  const body = readObject(data)
  return body && taskEventSchema.safeParse({ ...body, type }).data
}
