import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useReducer } from 'react'

import { taskQuery } from './queries'
import { isLifeEvent } from './task-events'
import type { TaskEvent } from './task-events'
import { followTask } from './task-source'
import type { Connection } from './task-source'
import { emptyStream, reduceStream } from './task-stream'

type TaskStreamOptions = { isEnabled: boolean; isEnded: boolean }

/**
 * The output of a task as its log tells it, followed while `isEnabled`: again from the
 * beginning once it has ended, or was retried. Use it under a key of the task.
 * What the task's row says is asked of the server whenever it may have changed.
 */
export function useTaskStream(
  id: number,
  { isEnabled, isEnded }: TaskStreamOptions,
) {
  const queryClient = useQueryClient()
  const [stream, dispatch] = useReducer(reduceStream, emptyStream)

  const onEvent = useEffectEvent((event: TaskEvent) => {
    dispatch(event)
    if (event.type === 'attempt.started' || isLifeEvent(event)) {
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
      isOver: () => isEnded,
      onEvent: (event) => {
        onEvent(event)
      },
      onConnection: (connection) => {
        onConnection(connection)
      },
    })
  }, [id, isEnabled, isEnded])

  return stream
}
