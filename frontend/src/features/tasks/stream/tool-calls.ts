import type { LogEntry } from './task-events'

/** A tool call, as far as the log describes it. */
export type ToolCall = {
  id: string
  /** The step whose response requested it. */
  step: number
  name: string
  arguments: string
  requestedAt: string
  /** When it waited for a decision, and what was decided. */
  waits: Wait[]
  result?: { text: string; isError: boolean; at: string; step: number }
}

type Wait = {
  waitsFor: string
  from: string
  to: string | null
  decision: string
}

const lastOf = (calls: ToolCall[], id: string) =>
  calls.findLast((call) => call.id === id)

function withWaiting(call: ToolCall, entry: LogEntry): ToolCall {
  const { created_at } = entry
  if (entry.type === 'tool.waiting') {
    const { waits_for: waitsFor } = entry
    const wait = { waitsFor, from: created_at, to: null, decision: '' }
    return { ...call, waits: [...call.waits, wait] }
  }
  if (entry.type === 'tool.decided') {
    const { decision } = entry
    const waits = call.waits.map((wait) =>
      wait.to ? wait : { ...wait, to: created_at, decision },
    )
    return { ...call, waits }
  }
  if (entry.type === 'tool.result') {
    const { content: text, is_error: isError, step } = entry
    return { ...call, result: { text, isError, at: created_at, step } }
  }
  return call
}

/** All tool calls in the order in which they were requested. */
export function callsOf(log: LogEntry[]) {
  let calls: ToolCall[] = []
  for (const entry of log) {
    if (entry.type === 'tool.call') {
      const { tool_call_id: id, step, name, created_at: requestedAt } = entry
      const known = calls.filter((call) => call.id !== id || call.step !== step)
      const call = { id, step, name, requestedAt, arguments: entry.arguments }
      calls = [...known, { ...call, waits: [] }]
    } else if ('tool_call_id' in entry) {
      const call = lastOf(calls, entry.tool_call_id)
      calls = calls.map((each) =>
        each === call ? withWaiting(each, entry) : each,
      )
    }
  }
  return calls
}
