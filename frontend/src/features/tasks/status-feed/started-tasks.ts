import * as z from 'zod/mini'

const KEY = 'agentarium.started'
/** As many are remembered: whoever starts more does not wait for each. */
const MOST = 20

const idsSchema = z.catch(z.array(z.int()), [])

/** Ids of tasks, kept for this tab, so that a refresh forgets none. */
function read() {
  const text = sessionStorage.getItem(KEY)
  if (!text) return []
  try {
    return idsSchema.parse(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}

function write(ids: number[]) {
  sessionStorage.setItem(KEY, JSON.stringify(ids.slice(-MOST)))
}

/** The tasks that were started from here and whose end was not seen yet. */
export const startedTasks = read

export function noteStarted(id: number) {
  write([...read().filter((each) => each !== id), id])
}

export function forgetStarted(id: number) {
  write(read().filter((each) => each !== id))
}
