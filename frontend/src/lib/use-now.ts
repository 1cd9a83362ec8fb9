import { useSyncExternalStore } from 'react'

/** One timer for everything on the page that is updated at the same interval. */
function clock(interval: number) {
  const listeners = new Set<() => void>()
  let now = Date.now()
  let timer: ReturnType<typeof setInterval> | undefined

  const tick = () => {
    now = Date.now()
    for (const listener of listeners) listener()
  }

  return {
    subscribe: (listener: () => void) => {
      if (listeners.size === 0) {
        now = Date.now()
        timer = setInterval(tick, interval)
      }
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) clearInterval(timer)
      }
    },
    read: () => now,
  }
}

const slow = clock(15_000)
const fast = clock(1000)

/** The current time, updated every 15 seconds: for ages. */
export const useNow = () => useSyncExternalStore(slow.subscribe, slow.read)

/** The current time, updated every second: for a duration that grows. */
export const useFastNow = () => useSyncExternalStore(fast.subscribe, fast.read)
