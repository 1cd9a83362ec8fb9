import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent } from 'react'
import * as z from 'zod/mini'

import { STATUSES } from '@/components/status'
import type { Status } from '@/components/status'
import { suspectServer } from '@/lib/server-presence'

import { taskQuery, useTaskListsRefresh } from '../queries'
import { pagesInSight, patchRows } from './patch-rows'
import { useEndToasts } from './use-end-toasts'

/** Many changes at once are one look; one for each page that a look has to load. */
const GATHER_MILLISECONDS = 500
const RECONNECT_MILLISECONDS = 3000

const changeSchema = z.object({ task: z.int(), status: z.enum(STATUSES) })

function changeIn(data: string) {
  try {
    return changeSchema.safeParse(JSON.parse(data)).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

type Listener = {
  /** Tasks changed, or may have changed unheard where nothing is known of them. */
  onChange: (changes: Map<number, Status>, isAll: boolean) => void
  wait: () => number
}

/** Call back soon after tasks changed. */
function followChanges({ onChange, wait }: Listener) {
  let source: EventSource | undefined
  let reconnecting: ReturnType<typeof setTimeout> | undefined
  let gathering: ReturnType<typeof setTimeout> | undefined
  let changes = new Map<number, Status>()
  let isAll = false

  const gather = () => {
    gathering ??= setTimeout(() => {
      gathering = undefined
      onChange(changes, isAll)
      changes = new Map()
      isAll = false
    }, wait())
  }

  const connect = () => {
    source = new EventSource('/api/events/')
    source.addEventListener(
      'task.changed',
      ({ data }: MessageEvent<string>) => {
        const change = changeIn(data)
        if (change) changes.set(change.task, change.status)
        gather()
      },
    )
    source.addEventListener('resync', () => {
      isAll = true
      gather()
    })
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
 * Keep all that is shown of tasks current while the page is in sight, and tell how
 * those ended that were started here. A hidden tab gives its connection back: over
 * HTTP/1.1 a browser has six for all tabs of a site.
 */
export function useTaskChanges() {
  const queryClient = useQueryClient()
  const refreshLists = useTaskListsRefresh()
  const tellEnds = useEndToasts()

  const wait = useEffectEvent(
    () => GATHER_MILLISECONDS * Math.max(1, pagesInSight(queryClient)),
  )
  const take = useEffectEvent(
    (changes: Map<number, Status>, isAll: boolean) => {
      patchRows(queryClient, changes)
      for (const id of changes.keys()) {
        void queryClient.invalidateQueries(taskQuery(id))
      }
      void refreshLists()
      tellEnds(isAll ? undefined : [...changes.keys()])
    },
  )

  useEffect(() => {
    let unfollow: (() => void) | undefined
    const listener: Listener = {
      onChange: (changes, isAll) => {
        take(changes, isAll)
      },
      wait: () => wait(),
    }
    const follow = () => {
      unfollow?.()
      unfollow = document.hidden ? undefined : followChanges(listener)
    }
    follow()
    document.addEventListener('visibilitychange', follow)
    return () => {
      document.removeEventListener('visibilitychange', follow)
      unfollow?.()
    }
  }, [])
}
