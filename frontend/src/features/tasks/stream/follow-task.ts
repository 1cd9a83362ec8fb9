import { isEnd, parseTaskEvent, TASK_EVENT_TYPES } from './task-events'
import type { TaskEvent } from './task-events'

export type Connection = 'connecting' | 'open' | 'reconnecting' | 'closed'

type Listener = {
  /** Whether the task has ended, so that a stream that closes is no loss. */
  isOver: () => boolean
  onEvent: (event: TaskEvent) => void
  onConnection: (connection: Connection) => void
}

const FIRST_DELAY = 500
const LAST_DELAY = 10_000

/**
 * Follow a task until it has ended, over as many connections as that takes. The server
 * closes the last one; an end that a retry follows is not the last event.
 *
 * EventSource reconnects by itself after a cut, but gives up for good when it gets an
 * error page, as from a proxy whose server restarts. So each connection is ended at its
 * first error, and the next one begins after the last event that arrived.
 */
export function followTask(
  id: number,
  { isOver, onEvent, onConnection }: Listener,
) {
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let cursor = ''
  let hasEnded = false
  let isClosed = false
  let delay = FIRST_DELAY

  const receive = (message: MessageEvent<string>) => {
    cursor = message.lastEventId || cursor
    const event = parseTaskEvent(message.type, message.data)
    if (!event) return
    hasEnded = isEnd(event)
    onEvent(event)
  }

  const fail = () => {
    source?.close()
    isClosed = hasEnded || isOver()
    onConnection(isClosed ? 'closed' : 'reconnecting')
    if (isClosed) return
    timer = setTimeout(connect, delay)
    delay = Math.min(delay * 2, LAST_DELAY)
  }

  const connect = () => {
    const after = cursor && `?after=${encodeURIComponent(cursor)}`
    source = new EventSource(`/api/tasks/${id}/events/${after}`)
    source.addEventListener('open', () => {
      delay = FIRST_DELAY
      onConnection('open')
    })
    source.addEventListener('error', fail)
    for (const type of TASK_EVENT_TYPES) source.addEventListener(type, receive)
  }

  onConnection('connecting')
  connect()
  return {
    close: () => {
      clearTimeout(timer)
      source?.close()
    },
    /** Go on with a task that was run again after its end. */
    resume: () => {
      if (!isClosed) return
      isClosed = false
      hasEnded = false
      connect()
    },
  }
}
