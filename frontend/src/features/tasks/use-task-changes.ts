import { useEffect, useEffectEvent } from 'react'

import { suspectServer } from '@/lib/server-presence'

import { useTaskListsRefresh } from './queries'

/** Many changes at once are one look. */
const GATHER_MILLISECONDS = 500
const RECONNECT_MILLISECONDS = 3000

/** Call back soon after tasks changed, or may have changed unheard. */
function followChanges(onChange: () => void) {
  let source: EventSource | undefined
  let reconnecting: ReturnType<typeof setTimeout> | undefined
  let gathering: ReturnType<typeof setTimeout> | undefined

  const gather = () => {
    gathering ??= setTimeout(() => {
      gathering = undefined
      onChange()
    }, GATHER_MILLISECONDS)
  }

  const connect = () => {
    source = new EventSource('/api/events/')
    source.addEventListener('task.changed', gather)
    source.addEventListener('resync', gather)
    source.addEventListener('error', () => {
      source?.close()
      suspectServer()
      reconnecting = setTimeout(connect, RECONNECT_MILLISECONDS)
    })
  }

  connect()
  return () => {
    clearTimeout(reconnecting)
    clearTimeout(gathering)
    source?.close()
  }
}

/**
 * Keep every list of tasks current while the page is in sight. A hidden tab gives its
 * connection back: over HTTP/1.1 a browser has six for all tabs of a site.
 */
export function useTaskChanges() {
  const refreshLists = useTaskListsRefresh()
  const refresh = useEffectEvent(() => {
    void refreshLists()
  })

  useEffect(() => {
    let unfollow: (() => void) | undefined
    const follow = () => {
      unfollow?.()
      unfollow = document.hidden
        ? undefined
        : followChanges(() => {
            refresh()
          })
    }
    follow()
    document.addEventListener('visibilitychange', follow)
    return () => {
      document.removeEventListener('visibilitychange', follow)
      unfollow?.()
    }
  }, [])
}
