import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useReducer, useRef } from 'react'

import { stepsQuery, taskQuery } from '../queries'
import { followTask } from './follow-task'
import type { Connection } from './follow-task'
import { changesTask } from './task-events'
import type { TaskEvent } from './task-events'
import { emptyStream, reduceStream } from './task-stream'

/**
 * What a task said and did, as its log tells it: from the beginning, then live. Use it
 * under a key of the task. What the task's row says is asked of the server whenever it
 * may have changed.
 */
export function useTaskStream(id: number, { isEnded }: { isEnded: boolean }) {
  const queryClient = useQueryClient()
  const [stream, dispatch] = useReducer(reduceStream, emptyStream)
  const follower = useRef<ReturnType<typeof followTask>>(undefined)

  const onEvent = useEffectEvent((event: TaskEvent) => {
    dispatch(event)
    // The log of what is over tells nothing new.
    if (isEnded) return
    if (changesTask(event)) void queryClient.invalidateQueries(taskQuery(id))
    if (event.type === 'step.completed' || event.type === 'tool.result') {
      void queryClient.invalidateQueries(stepsQuery(id))
    }
  })

  const onConnection = useEffectEvent((connection: Connection) => {
    dispatch({ type: 'connection', connection })
    // The task may have ended, or the session, while nobody listened.
    if (connection === 'reconnecting') {
      void queryClient.invalidateQueries(taskQuery(id))
    }
  })

  const isOver = useEffectEvent(() => isEnded)

  useEffect(() => {
    follower.current = followTask(id, {
      isOver: () => isOver(),
      onEvent: (event) => {
        onEvent(event)
      },
      onConnection: (connection) => {
        onConnection(connection)
      },
    })
    return () => {
      follower.current?.close()
    }
  }, [id])

  useEffect(() => {
    if (!isEnded) follower.current?.resume()
  }, [isEnded])

  return stream
}
