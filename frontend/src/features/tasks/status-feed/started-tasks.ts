import * as z from 'zod/mini'

import { parseJson } from '@/lib/json'

const KEY = 'agentarium.started'
/** A limit: a user who starts more than this does not wait for each. */
const MAX_IDS = 20

const idsSchema = z.catch(z.array(z.int()), [])

/** IDs of tasks, stored for this tab, so that they survive a reload. */
const read = () =>
  idsSchema.parse(parseJson(sessionStorage.getItem(KEY) ?? '[]'))

function write(ids: number[]) {
  sessionStorage.setItem(KEY, JSON.stringify(ids.slice(-MAX_IDS)))
}

/** The tasks that were started in this tab and whose end has not been announced. */
export const startedTasks = read

export function rememberStarted(id: number) {
  write([...read().filter((each) => each !== id), id])
}

export function forgetStarted(id: number) {
  write(read().filter((each) => each !== id))
}
