import { useSyncExternalStore } from 'react'

const PROBE_MILLISECONDS = 2000

let isAway = false
let probing: ReturnType<typeof setTimeout> | undefined
const listeners = new Set<() => void>()

async function responds() {
  try {
    return (await globalThis.fetch('/healthz', { cache: 'no-store' })).ok
  } catch {
    return false
  }
}

function setAway(next: boolean) {
  if (next === isAway) return
  isAway = next
  for (const listener of listeners) listener()
}

async function probe() {
  const isUp = await responds()
  setAway(!isUp)
  probing = isUp
    ? undefined
    : setTimeout(() => void probe(), PROBE_MILLISECONDS)
}

/** Call when a request got no response: probe the server, and repeat that while it does not respond. */
export function suspectServer() {
  if (probing !== undefined) return
  // Set immediately, so that many failures in one moment cause one probe.
  probing = setTimeout(() => void probe(), 0)
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

export const useServerIsAway = () =>
  useSyncExternalStore(subscribe, () => isAway)
