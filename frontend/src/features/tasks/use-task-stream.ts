import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useReducer } from 'react'

import { taskQuery, useTaskListsRefresh } from './queries'
import type { Task } from './queries'
import { isEndEvent } from './task-events'
import type { TaskEndEvent, TaskEvent } from './task-events'
import { followTask } from './task-source'
import type { Connection } from './task-source'
import { emptyStream, reduceStream } from './task-stream'

/** Once a task ends: write how into what is known of it, then fetch its whole record. */
function useTaskEnd(id: number) {
  const queryClient = useQueryClient()
  const refreshLists = useTaskListsRefresh()

  return (event: TaskEndEvent) => {
    const { status, error_code, error_detail } = event
    const { input_tokens, output_tokens } = event
    const { queryKey } = taskQuery(id)
    const known = queryClient.getQueryData<Task>(queryKey)
    if (!known || known.status === status) return
    queryClient.setQueryData<Task>(queryKey, {
      ...known,
      status,
      error_code,
      error_detail,
      input_tokens,
      output_tokens,
    })
    void queryClient.invalidateQueries(taskQuery(id))
    void refreshLists()
  }
}

/** The live output of a task, followed while `isEnabled`. Use it under a key of the task. */
export function useTaskStream(id: number, isEnabled: boolean) {
  const queryClient = useQueryClient()
  const endTask = useTaskEnd(id)
  const [stream, dispatch] = useReducer(reduceStream, emptyStream)

  const onEvent = useEffectEvent((event: TaskEvent) => {
    if (isEndEvent(event)) {
      endTask(event)
      return
    }
    dispatch(event)
    // The row says when its attempt began.
    if (event.type === 'attempt.started') {
      void queryClient.invalidateQueries(taskQuery(id))
    }
  })

  const onConnection = useEffectEvent((connection: Connection) => {
    dispatch({ type: 'connection', connection })
    // The task may have ended, or the session, while nobody listened.
    if (connection === 'reconnecting') {
      void queryClient.invalidateQueries(taskQuery(id))
    }
  })

  useEffect(() => {
    if (!isEnabled) return undefined
    return followTask(id, {
      onEvent: (event) => {
        onEvent(event)
      },
      onConnection: (connection) => {
        onConnection(connection)
      },
    })
  }, [id, isEnabled])

  return stream
}
