import { BrainIcon, ChevronRightIcon, UnplugIcon } from 'lucide-react'
import { lazy, Suspense } from 'react'

import { CopyButton } from '@/components/copy-button'
import { isLive } from '@/components/status'
import { useFollowScroll } from '@/lib/use-follow-scroll'
import { useThrottled } from '@/lib/use-throttled'

import type { Task } from './queries'
import { joined } from './task-stream'
import { useTaskStream } from './use-task-stream'

const Markdown = lazy(() =>
  import('@/components/markdown').then(({ Markdown }) => ({
    default: Markdown,
  })),
)

/** A growing answer is rendered this often: as fast as one reads. */
const RENDER_MILLISECONDS = 80

/** The answer of a task as it grows, and once it is whole. Key it by the task. */
export function TaskOutput({ task }: { task: Task }) {
  const isMoving = isLive(task.status)
  // A task that failed midway has no output; its log still holds what was said.
  const stream = useTaskStream(task.id, {
    isEnabled: isMoving || !task.output_text,
    isEnded: !isMoving,
  })
  const text = task.output_text || joined(stream, 'text')
  const reasoning = joined(stream, 'reasoning')
  useFollowScroll(text + reasoning, isMoving)

  return (
    <section aria-label="Output" className="rounded-2xl border bg-card">
      <header className="flex h-12 items-center gap-2 border-b pr-2 pl-4 sm:pl-5">
        <h2 className="text-sm font-medium">Output</h2>
        <div className="flex-1" />
        <ConnectionNote
          isLost={isMoving && stream.connection === 'reconnecting'}
        />
        {text && <CopyButton text={text} label="Copy output" />}
      </header>
      <div
        role="log"
        aria-label="Answer"
        aria-busy={isMoving}
        className="px-4 py-4 sm:px-5"
      >
        <Reasoning text={reasoning} isOpen={isMoving && !text} />
        <Answer text={text} task={task} />
      </div>
      <Failure task={task} />
    </section>
  )
}

type AnswerProps = { text: string; task: Task }

function Answer({ text, task }: AnswerProps) {
  const isGrowing = isLive(task.status)
  const throttled = useThrottled(text, RENDER_MILLISECONDS)
  const shown = isGrowing ? throttled : text
  if (!text) return <Silence task={task} />
  return (
    <div data-growing={isGrowing || undefined} className="answer">
      <Suspense
        fallback={<p className="wrap-anywhere whitespace-pre-wrap">{shown}</p>}
      >
        <Markdown text={shown} />
      </Suspense>
    </div>
  )
}

const SILENCE: Record<Task['status'], string> = {
  pending: 'Waiting for a worker',
  running: 'Waiting for the first words',
  waiting: 'Waiting',
  completed: 'The answer is empty.',
  failed: 'It failed before the first words.',
  cancelled: 'It was cancelled before the first words.',
}

/** Why there is nothing to read. */
function Silence({ task }: { task: Task }) {
  return (
    <p className="flex items-center gap-2.5 text-sm text-muted-foreground">
      {isLive(task.status) && (
        <span aria-hidden className="relative flex size-2 shrink-0">
          <span className="absolute size-full animate-ping rounded-full bg-running opacity-60" />
          <span className="size-2 rounded-full bg-running" />
        </span>
      )}
      {task.wait?.detail ?? SILENCE[task.status]}
    </p>
  )
}

function Reasoning({ text, isOpen }: { text: string; isOpen: boolean }) {
  if (!text) return null
  return (
    <details open={isOpen} className="group mb-4 rounded-xl border bg-muted/50">
      <summary className="flex cursor-pointer list-none items-center gap-2 rounded-xl px-3 py-2 text-sm text-muted-foreground">
        <BrainIcon aria-hidden className="size-4" />
        Reasoning
        <ChevronRightIcon
          aria-hidden
          className="size-4 transition-transform group-open:rotate-90"
        />
      </summary>
      <p className="px-3 pb-3 text-sm wrap-anywhere whitespace-pre-wrap text-muted-foreground">
        {text}
      </p>
    </details>
  )
}

function ConnectionNote({ isLost }: { isLost: boolean }) {
  return (
    <span
      role="status"
      className="inline-flex items-center gap-1.5 text-xs text-waiting"
    >
      {isLost && (
        <>
          <UnplugIcon aria-hidden className="size-3.5" />
          Connection lost. Reconnecting…
        </>
      )}
    </span>
  )
}

function Failure({ task }: { task: Task }) {
  if (task.status !== 'failed') return null
  return (
    <div
      role="alert"
      className="rounded-b-2xl border-t bg-failed/8 px-4 py-3 text-sm sm:px-5"
    >
      <p className="wrap-anywhere text-failed">
        {task.error_detail || 'The task failed.'}
      </p>
      {task.error_code && (
        <p className="mt-0.5 font-mono text-xs text-muted-foreground">
          {task.error_code}
        </p>
      )}
    </div>
  )
}
