import type { LogEntry } from './task-events'

/** A call of a tool, as far as the log has told. */
export type Call = {
  id: string
  /** The response that asked for it. */
  step: number
  name: string
  arguments: string
  askedAt: string
  /** When somebody was asked about it, and what they said. */
  waits: Wait[]
  result?: { text: string; isError: boolean; at: string; step: number }
}

type Wait = {
  waitsFor: string
  from: string
  to: string | null
  decision: string
}

const lastOf = (calls: Call[], id: string) =>
  calls.findLast((call) => call.id === id)

function withWaiting(call: Call, entry: LogEntry): Call {
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

/** All calls in the order in which they were asked for. */
export function callsOf(log: LogEntry[]) {
  let calls: Call[] = []
  for (const entry of log) {
    if (entry.type === 'tool.call') {
      const { tool_call_id: id, step, name, created_at: askedAt } = entry
      const known = calls.filter((call) => call.id !== id || call.step !== step)
      const call = { id, step, name, askedAt, arguments: entry.arguments }
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
