import { useSyncExternalStore } from 'react'

import { asProblem } from './api/problem'

/** The sources that the server refuses because too many streams of the user are open. */
const refused = new Set<object>()
const listeners = new Set<() => void>()

export function markRefused(source: object, isRefused: boolean) {
  if (isRefused) refused.add(source)
  else refused.delete(source)
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

export const useStreamsAreRefused = () =>
  useSyncExternalStore(subscribe, () => refused.size > 0)

/**
 * Whether the server refuses a stream because too many are open, or because the session
 * has ended. EventSource does not tell why it failed, so the stream is requested once
 * more, and closed immediately.
 */
export async function reasonOfRefusal(url: string) {
  const request = new AbortController()
  try {
    const response = await globalThis.fetch(url, { signal: request.signal })
    if (response.status === 401) return 'signed out'
    if (response.status !== 429) return undefined
    const { code } = asProblem(await response.json())
    return code === 'too_many_streams' ? 'too many' : undefined
  } catch {
    return undefined
  } finally {
    request.abort()
  }
}
