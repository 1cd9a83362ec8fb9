import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent } from 'react'
import * as z from 'zod/mini'

import { STATUSES } from '@/components/status'
import type { Status, StatusChanges } from '@/components/status'
import { parseJson } from '@/lib/json'
import { openReconnectingSource } from '@/lib/reconnecting-source'
import { suspectServer } from '@/lib/server-presence'

import { taskQuery } from '../queries'
import { pagesShown, patchRows, refreshLists } from './refresh-lists'
import { useEndToasts } from './use-end-toasts'

/** Changes are gathered for this long, times the number of requests that follow. */
const GATHER_MILLISECONDS = 500

const changeSchema = z.object({ task: z.int(), status: z.enum(STATUSES) })

type Listener = {
  onChanges: (changes: StatusChanges) => void
  delay: () => number
}

/** Call back soon after tasks have changed. Returns how to stop. */
function followStatuses({ onChanges, delay }: Listener) {
  let gathering: ReturnType<typeof setTimeout> | undefined
  let changed = new Map<number, Status>()
  let isAll = false

  const flush = () => {
    gathering = undefined
    onChanges(isAll ? 'all' : changed)
    changed = new Map()
    isAll = false
  }

  const source = openReconnectingSource({
    url: () => '/api/events/',
    types: ['task.changed', 'resync'],
    onMessage: ({ type, data }) => {
      const change = changeSchema.safeParse(parseJson(data)).data
      // What cannot be read, as from a newer server, may concern any task.
      if (type === 'resync' || !change) isAll = true
      else changed.set(change.task, change.status)
      gathering ??= setTimeout(flush, delay())
    },
    onError: () => {
      suspectServer()
      return true
    },
    onRefused: () => {
      isAll = true
      gathering ??= setTimeout(flush, delay())
    },
  })

  return () => {
    clearTimeout(gathering)
    source.close()
  }
}

/**
 * Keep what is shown of tasks current while the page is visible, and announce the end of
 * those that were started here. `onChanges` does the same for what depends on tasks. A
 * hidden tab gives its connection back: over HTTP/1.1 a browser has six for all tabs of a
 * site.
 */
export function useStatusFeed(onChanges: (changes: StatusChanges) => void) {
  const queryClient = useQueryClient()
  const announceEnds = useEndToasts()

  const delay = useEffectEvent(
    () => GATHER_MILLISECONDS * Math.max(1, pagesShown(queryClient)),
  )
  const apply = useEffectEvent((changes: StatusChanges) => {
    const statuses: ReadonlyMap<number, Status> =
      changes === 'all' ? new Map() : changes
    patchRows(queryClient, statuses)
    for (const id of statuses.keys()) {
      void queryClient.invalidateQueries(taskQuery(id))
    }
    void refreshLists(queryClient, changes)
    announceEnds(changes === 'all' ? undefined : [...statuses.keys()])
    onChanges(changes)
  })

  useEffect(() => {
    let stop: (() => void) | undefined
    const follow = () => {
      stop?.()
      stop = document.hidden
        ? undefined
        : followStatuses({
            onChanges: (changes) => {
              apply(changes)
            },
            delay: () => delay(),
          })
    }
    follow()
    document.addEventListener('visibilitychange', follow)
    return () => {
      document.removeEventListener('visibilitychange', follow)
      stop?.()
    }
  }, [])
}
