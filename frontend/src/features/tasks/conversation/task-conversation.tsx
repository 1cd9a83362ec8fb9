import { useQuery } from '@tanstack/react-query'

import { CopyButton } from '@/components/copy-button'

import { TaskList } from '../list/task-list'
import { OutputOf } from '../output/task-output'
import { childrenQuery, threadQuery } from '../queries'
import type { Task } from '../queries'
import type { TaskStream } from '../stream/task-stream'
import { EarlierTurns, FollowUp } from './conversation-turns'

type TaskConversationProps = { task: Task; stream: TaskStream }

/** What was asked and what was answered, with what came before and what came of it. */
export function TaskConversation({ task, stream }: TaskConversationProps) {
  const { data: thread = [] } = useQuery(threadQuery(task.id))
  const place = thread.findIndex(({ id }) => id === task.id)
  return (
    <>
      <EarlierTurns turns={thread.slice(0, Math.max(0, place))} />
      <TaskInput text={task.input_text} />
      <OutputOf task={task} stream={stream} />
      <CalledTasks task={task} />
      <FollowUp task={task} later={place < 0 ? [] : thread.slice(place + 1)} />
    </>
  )
}

function TaskInput({ text }: { text: string }) {
  return (
    <section aria-label="Input" className="rounded-2xl border bg-card">
      <header className="flex h-12 items-center border-b pr-2 pl-4 sm:pl-5">
        <h2 className="flex-1 text-sm font-medium">Input</h2>
        <CopyButton text={text} label="Copy input" />
      </header>
      <p
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard.
        tabIndex={0}
        className="max-h-80 overflow-y-auto rounded-b-2xl px-4 py-4 wrap-anywhere whitespace-pre-wrap sm:px-5"
      >
        {text}
      </p>
    </section>
  )
}

/** The tasks that this one has called as tools. */
function CalledTasks({ task }: { task: Task }) {
  const { data } = useQuery({
    ...childrenQuery(task.id),
    // Who has called nothing has asked its model once.
    enabled: task.steps_count > 1 || task.status === 'waiting',
  })
  if (!data || data.results.length === 0) return null
  return (
    <section aria-label="Called tasks">
      <h2 className="mb-3 text-sm font-medium">Tasks that it called</h2>
      <TaskList rows={data.results} label="Called tasks" />
    </section>
  )
}
