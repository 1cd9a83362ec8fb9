import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useReducer, useRef } from 'react'

import { stepsQuery, taskQuery } from '../queries'
import { followTask } from './follow-task'
import type { Connection } from './follow-task'
import { changesTask } from './task-events'
import type { TaskEvent } from './task-events'
import { emptyStream, reduceStream } from './task-stream'

/**
 * The log and the text of a task: from the beginning, then live. Use it in a component
 * that has the task as its key. The task's row is reloaded whenever it may have changed.
 */
export function useTaskStream(id: number, { isEnded }: { isEnded: boolean }) {
  const queryClient = useQueryClient()
  const [stream, dispatch] = useReducer(reduceStream, emptyStream)
  const follower = useRef<ReturnType<typeof followTask>>(undefined)

  const onEvent = useEffectEvent((event: TaskEvent) => {
    dispatch(event)
    // The log of a finished task holds nothing new.
    if (isEnded) return
    if (changesTask(event)) void queryClient.invalidateQueries(taskQuery(id))
    if (event.type === 'step.completed' || event.type === 'tool.result') {
      void queryClient.invalidateQueries(stepsQuery(id))
    }
  })

  const onConnection = useEffectEvent((connection: Connection) => {
    dispatch({ type: 'connection', connection })
    // The task or the session may have ended in the meantime.
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
