import { openReconnectingSource } from '@/lib/reconnecting-source'

import { isEnd, parseTaskEvent, TASK_EVENT_TYPES } from './task-events'
import type { TaskEvent } from './task-events'

export type Connection = 'connecting' | 'open' | 'reconnecting' | 'closed'

type Listener = {
  /** Whether the task has ended, so that a stream that closes is not an error. */
  isOver: () => boolean
  onEvent: (event: TaskEvent) => void
  onConnection: (connection: Connection) => void
}

/**
 * Follow a task until it has ended, over as many connections as that takes. Each one
 * continues after the last event that arrived. The server closes the last one; an end that
 * a retry follows is not the last event.
 */
export function followTask(
  id: number,
  { isOver, onEvent, onConnection }: Listener,
) {
  let cursor = ''
  const seen = new Set<string>()
  let hasEnded = false
  let isClosed = false

  onConnection('connecting')
  const source = openReconnectingSource({
    url: () => {
      const after = cursor && `?after=${encodeURIComponent(cursor)}`
      return `/api/tasks/${id}/events/${after}`
    },
    types: TASK_EVENT_TYPES,
    onMessage: (message) => {
      const { lastEventId } = message
      // Each event has a cursor of its own: the same one again is the same event again.
      if (seen.has(lastEventId)) return
      if (lastEventId) seen.add(lastEventId)
      cursor = lastEventId || cursor
      const event = parseTaskEvent(message.type, message.data)
      if (!event) return
      // Late usage is recorded after the end of a cancelled task.
      hasEnded = isEnd(event) || (hasEnded && event.type === 'usage.recorded')
      onEvent(event)
    },
    onOpen: () => {
      onConnection('open')
    },
    onError: () => {
      isClosed = hasEnded || isOver()
      onConnection(isClosed ? 'closed' : 'reconnecting')
      return !isClosed
    },
  })

  return {
    close: source.close,
    /** Follow a task that was retried after its end. */
    resume: () => {
      if (!isClosed) return
      isClosed = false
      hasEnded = false
      source.reopen()
    },
  }
}
