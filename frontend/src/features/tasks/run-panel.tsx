import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowUpRightIcon, LoaderCircleIcon, PlayIcon } from 'lucide-react'
import { useId, useState } from 'react'
import { toast } from 'sonner'

import { isLive, StatusBadge } from '@/components/status'
import { Duration } from '@/components/times'
import { Button } from '@/components/ui/button'
import { asProblem } from '@/lib/api/problem'

import { taskQuery, useRunTask } from './queries'
import { Cancel } from './task-actions'
import { TaskOutput } from './task-output'

type RunPanelProps = {
  agent: number
  /** The task whose answer stands below the box; it lives in the URL. */
  task: number | undefined
  onRun: (task: number) => void
}

/** Type, run, and watch the answer come. */
export function RunPanel({ agent, task, onRun }: RunPanelProps) {
  return (
    <div className="space-y-4">
      <RunBox agent={agent} onRun={onRun} />
      {task !== undefined && <Answer key={task} id={task} />}
    </div>
  )
}

type RunBoxProps = Pick<RunPanelProps, 'agent' | 'onRun'>

/** What is typed, what is wrong with it, and how to run it. */
function useRunBox({ agent, onRun }: RunBoxProps) {
  const [text, setText] = useState('')
  const [message, setMessage] = useState('')
  const runTask = useRunTask()

  const refuse = (error: unknown) => {
    const { detail, errors } = asProblem(error)
    const ofField = errors?.['input_text']?.map((each) => each.detail)
    if (ofField) setMessage(ofField.join(' '))
    else toast.error(detail)
  }

  const run = () => {
    if (runTask.isPending) return
    setMessage(text.trim() ? '' : 'Type what the agent shall do.')
    if (!text.trim()) return
    runTask.mutate(
      { body: { agent, input_text: text } },
      {
        onSuccess: (task) => {
          setText('')
          onRun(task.id)
        },
        onError: refuse,
      },
    )
  }

  return { text, setText, message, run, isRunning: runTask.isPending }
}

function RunBox(props: RunBoxProps) {
  const { text, setText, message, run, isRunning } = useRunBox(props)
  const helpId = useId()

  return (
    <form
      className="rounded-2xl border bg-card shadow-xs transition-[border-color,box-shadow] focus-within:border-ring focus-within:ring-3 focus-within:ring-ring/20"
      onSubmit={(event) => {
        event.preventDefault()
        run()
      }}
    >
      <textarea
        aria-label="Input"
        aria-invalid={Boolean(message)}
        aria-describedby={helpId}
        placeholder="What shall it do?"
        rows={3}
        value={text}
        className="field-sizing-content max-h-96 min-h-24 w-full resize-none rounded-t-2xl bg-transparent px-4 pt-3.5 pb-2 text-base leading-relaxed outline-none placeholder:text-muted-foreground/90 focus-visible:outline-none sm:text-[0.9375rem]"
        onChange={(event) => {
          setText(event.target.value)
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault()
            run()
          }
        }}
      />
      <div className="flex items-center gap-3 px-3 pb-3">
        <RunHelp id={helpId} message={message} />
        <Button type="submit" aria-disabled={isRunning}>
          {isRunning ? (
            <LoaderCircleIcon className="animate-spin" />
          ) : (
            <PlayIcon />
          )}
          Run
        </Button>
      </div>
    </form>
  )
}

function RunHelp({ id, message }: { id: string; message: string }) {
  return (
    <p id={id} className="flex-1 pl-1 text-xs text-muted-foreground">
      {message ? (
        <span role="alert" className="text-destructive">
          {message}
        </span>
      ) : (
        <span className="hidden sm:inline">
          <kbd className="font-sans">Ctrl</kbd> or{' '}
          <kbd className="font-sans">⌘</kbd> +{' '}
          <kbd className="font-sans">Enter</kbd> runs it
        </span>
      )}
    </p>
  )
}

function Answer({ id }: { id: number }) {
  const { data: task } = useQuery(taskQuery(id))
  if (!task) return null
  return (
    <div className="space-y-3">
      <div className="flex items-center gap-3 px-1 text-xs text-muted-foreground">
        <StatusBadge status={task.status} />
        {task.started_at && (
          <Duration from={task.started_at} to={task.finished_at} />
        )}
        <p className="min-w-0 flex-1 truncate">{task.input_text}</p>
        {isLive(task.status) && <Cancel task={task} size="small" />}
        <Button asChild variant="link" className="text-xs">
          <Link to="/tasks/$taskId" params={{ taskId: String(id) }}>
            Task {id}
            <ArrowUpRightIcon />
          </Link>
        </Button>
      </div>
      <TaskOutput task={task} />
    </div>
  )
}
