import { useSyncExternalStore } from 'react'

const PROBE_MILLISECONDS = 2000

let isAway = false
let probing: ReturnType<typeof setTimeout> | undefined
const listeners = new Set<() => void>()

async function answers() {
  try {
    return (await globalThis.fetch('/healthz', { cache: 'no-store' })).ok
  } catch {
    return false
  }
}

function become(next: boolean) {
  if (next === isAway) return
  isAway = next
  for (const listener of listeners) listener()
}

async function probe() {
  const isHere = await answers()
  become(!isHere)
  probing = isHere
    ? undefined
    : setTimeout(() => void probe(), PROBE_MILLISECONDS)
}

/** Something did not answer. Look whether the server is away, and then until it is back. */
export function suspectServer() {
  if (probing !== undefined) return
  // Taken at once, so that many failures in one moment are one look.
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
