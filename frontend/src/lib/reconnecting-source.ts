import { markRefused, reasonOfRefusal } from './refused-streams'

const FIRST_DELAY = 500
const LAST_DELAY = 10_000
/** A connection that lasted this long worked: the next failure is a new one. */
const STABLE_MILLISECONDS = 5000

/**
 * The delays before attempts in a row, in milliseconds. They double, up to a limit, and
 * are spread over their second half: tabs that lost a server together must not come back
 * together.
 */
function createBackoff() {
  let delay = FIRST_DELAY
  return {
    next: () => {
      const wait = delay * (0.5 + Math.random() / 2)
      delay = Math.min(delay * 2, LAST_DELAY)
      return wait
    },
    reset: () => {
      delay = FIRST_DELAY
    },
  }
}

type Options = {
  /** Asked for before each connection. */
  url: () => string
  /** The types of events to listen for. */
  types: readonly string[]
  onMessage: (message: MessageEvent<string>) => void
  onOpen?: () => void
  /** Called after a failure. Returns whether to connect again. */
  onError: () => boolean
  /** Called when the server has refused it: read now what its events would have said. */
  onRefused?: () => void
}

/**
 * Server-sent events over as many connections as it takes.
 *
 * EventSource reconnects by itself after a cut, but gives up for good when it gets an
 * error page, as from a proxy whose server restarts. So each connection is closed at its
 * first error, and the next one is opened here.
 */
export function openReconnectingSource(options: Options) {
  const { url, types, onMessage, onOpen, onError, onRefused } = options
  const backoff = createBackoff()
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let openedAt: number | undefined
  let isClosed = false

  const findReason = async () => {
    const reason = await reasonOfRefusal(url())
    if (isClosed) return
    markRefused(backoff, reason === 'too many')
    if (reason) onRefused?.()
  }

  const fail = () => {
    source?.close()
    const isStable =
      openedAt !== undefined && Date.now() - openedAt >= STABLE_MILLISECONDS
    const wasOpen = openedAt !== undefined
    openedAt = undefined
    if (isStable) backoff.reset()
    if (!onError()) return
    timer = setTimeout(connect, backoff.next())
    if (!wasOpen) void findReason()
  }

  const connect = () => {
    source = new EventSource(url())
    source.addEventListener('open', () => {
      openedAt = Date.now()
      markRefused(backoff, false)
      onOpen?.()
    })
    source.addEventListener('error', fail)
    for (const type of types) source.addEventListener(type, onMessage)
  }

  connect()
  return {
    /** Connect now, after `onError` has ended it. */
    reopen: connect,
    close: () => {
      isClosed = true
      markRefused(backoff, false)
      clearTimeout(timer)
      source?.close()
    },
  }
}
