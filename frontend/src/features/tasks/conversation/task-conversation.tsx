import { useQuery } from '@tanstack/react-query'

import { CopyButton } from '@/components/copy-button'

import { TaskList } from '../list/task-list'
import { StreamedOutput } from '../output/task-output'
import { childrenQuery, conversationQuery } from '../queries'
import type { Task } from '../queries'
import type { TaskStream } from '../stream/task-stream'
import { EarlierTurns, FollowUp } from './conversation-turns'

type TaskConversationProps = { task: Task; stream: TaskStream }

/** The input and the output of a task, between what came before and what followed. */
export function TaskConversation({ task, stream }: TaskConversationProps) {
  const { data: conversation = [] } = useQuery(conversationQuery(task.id))
  const place = conversation.findIndex(({ id }) => id === task.id)
  return (
    <>
      <EarlierTurns turns={conversation.slice(0, Math.max(0, place))} />
      <TaskInput text={task.input_text} />
      <StreamedOutput task={task} stream={stream} />
      <CalledTasks task={task} />
      <FollowUp
        task={task}
        later={place < 0 ? [] : conversation.slice(place + 1)}
      />
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
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrollable content must be reachable by keyboard.
        tabIndex={0}
        className="max-h-80 overflow-y-auto rounded-b-2xl px-4 py-4 wrap-anywhere whitespace-pre-wrap sm:px-5"
      >
        {text}
      </p>
    </section>
  )
}

/** The tasks that this task has called as tools. */
function CalledTasks({ task }: { task: Task }) {
  const { data } = useQuery({
    ...childrenQuery(task.id),
    // A task with one step has called nothing.
    enabled: task.steps_count > 1 || task.status === 'waiting',
  })
  if (!data || data.results.length === 0) return null
  return (
    <section aria-label="Called tasks">
      <h2 className="mb-3 text-sm font-medium">Tasks called by this task</h2>
      <TaskList rows={data.results} label="Called tasks" />
    </section>
  )
}
