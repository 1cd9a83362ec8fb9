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
import { CutOffNotice } from './cut-off'
import { EarlierSteps } from './earlier-steps'
import { EmptyOutput } from './empty-output'
import { Reasoning } from './reasoning'
import { TaskFailure } from './task-failure'

/** The answer of a task, while it grows and once it is complete. Key it by the task. */
export function TaskOutput({ task }: { task: Task }) {
  const stream = useTaskStream(task.id, { isEnded: !isLive(task.status) })
  return <StreamedOutput task={task} stream={stream} />
}

type OutputProps = { task: Task; stream: TaskStream }

/** Splits the responses into the answer and what came before. One that calls tools is not an answer. */
function useOutputParts({ task, stream }: OutputProps) {
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

export function StreamedOutput({ task, stream }: OutputProps) {
  const isRunning = isLive(task.status)
  const { calls, earlier, text, reasoning } = useOutputParts({ task, stream })
  const length = stream.steps.reduce(
    (sum, step) => sum + step.text.length + step.reasoning.length,
    0,
  )
  const { isBehind, follow } = useFollowScroll(
    `${length} ${calls.length}`,
    // What waits for a decision is read from its beginning.
    isRunning && task.status !== 'waiting',
  )

  return (
    <section aria-label="Output" className="rounded-2xl border bg-card">
      <header className="flex h-12 items-center gap-2 border-b pr-2 pl-4 sm:pl-5">
        <h2 className="text-sm font-medium">Output</h2>
        <div className="flex-1" />
        <ConnectionNote
          isLost={isRunning && stream.connection === 'reconnecting'}
        />
        {text && <CopyButton text={text} label="Copy output" />}
      </header>
      <div className="space-y-4 px-4 py-4 sm:px-5">
        <EarlierSteps
          task={task}
          steps={earlier}
          calls={calls}
          isOpen={isRunning}
        />
        <Reasoning text={reasoning} isOpen={isRunning && !text} />
        <div role="log" aria-label="Answer" aria-busy={isRunning}>
          {text ? (
            <Answer text={text} isGrowing={isRunning} />
          ) : (
            <EmptyOutput task={task} hasSteps={earlier.length > 0} />
          )}
        </div>
      </div>
      <TaskFailure task={task} />
      <CutOffNotice task={task} />
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
