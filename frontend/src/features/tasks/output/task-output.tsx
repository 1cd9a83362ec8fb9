import { ArrowDownIcon, UnplugIcon } from 'lucide-react'
import { useMemo } from 'react'

import { CopyButton } from '@/components/copy-button'
import { isLive } from '@/components/status'
import { Button } from '@/components/ui/button'
import { useFollowScroll } from '@/lib/use-follow-scroll'

import type { Task } from '../queries'
import type { TaskStream } from '../stream/task-stream'
import { callsOf } from '../stream/tool-calls'
import { useTaskStream } from '../stream/use-task-stream'
import { Answer } from './answer'
import { EarlierSteps } from './earlier-steps'
import { Silence } from './empty-output'
import { Reasoning } from './reasoning'
import { TaskFailure } from './task-failure'

/** The answer of a task as it grows, and once it is whole. Key it by the task. */
export function TaskOutput({ task }: { task: Task }) {
  const stream = useTaskStream(task.id, { isEnded: !isLive(task.status) })
  return <OutputOf task={task} stream={stream} />
}

type OutputProps = { task: Task; stream: TaskStream }

/** What was said last, and what led to it: a response that called tools is no answer. */
function usePartsOf({ task, stream }: OutputProps) {
  const { steps, log } = stream
  const calls = useMemo(() => callsOf(log), [log])
  const last = steps.at(-1)
  const isAnswer = last && !calls.some(({ step }) => step === last.step)
  const earlier = isAnswer ? steps.slice(0, -1) : steps
  return {
    calls,
    earlier,
    text: task.output_text || (isAnswer ? last.text : ''),
    reasoning: isAnswer ? last.reasoning : '',
  }
}

export function OutputOf({ task, stream }: OutputProps) {
  const isMoving = isLive(task.status)
  const { calls, earlier, text, reasoning } = usePartsOf({ task, stream })
  const said = stream.steps.reduce(
    (sum, step) => sum + step.text.length + step.reasoning.length,
    0,
  )
  const { isBehind, follow } = useFollowScroll(
    `${said} ${calls.length}`,
    // What waits for a word of mine is read from its beginning.
    isMoving && task.status !== 'waiting',
  )

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
      <div className="space-y-4 px-4 py-4 sm:px-5">
        <EarlierSteps
          task={task}
          steps={earlier}
          calls={calls}
          isOpen={isMoving}
        />
        <Reasoning text={reasoning} isOpen={isMoving && !text} />
        <div role="log" aria-label="Answer" aria-busy={isMoving}>
          {text ? (
            <Answer text={text} isGrowing={isMoving} />
          ) : (
            <Silence task={task} hasSteps={earlier.length > 0} />
          )}
        </div>
      </div>
      <TaskFailure task={task} />
      {isBehind && <JumpToLatest onJump={follow} />}
    </section>
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

function JumpToLatest({ onJump }: { onJump: () => void }) {
  return (
    <Button
      variant="outline"
      size="small"
      className="fixed bottom-20 left-1/2 z-20 -translate-x-1/2 rounded-full bg-popover shadow-lg md:bottom-6 md:ml-29"
      onClick={onJump}
    >
      <ArrowDownIcon />
      Jump to latest
    </Button>
  )
}
