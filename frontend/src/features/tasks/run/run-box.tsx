import { LoaderCircleIcon, PlayIcon } from 'lucide-react'
import { useId, useState } from 'react'
import { toast } from 'sonner'

import { Button } from '@/components/ui/button'
import { asProblem } from '@/lib/api/problem'

import { useRunTask } from '../queries'

type RunBoxProps = {
  agent: number
  onRun: (task: number) => void
  /** The task whose conversation goes on. */
  follows?: number
  initialText?: string
  label?: string
  placeholder?: string
  action?: string
}

/** What is typed, what is wrong with it, and how to run it. */
function useRunBox({ agent, onRun, follows, initialText = '' }: RunBoxProps) {
  const [text, setText] = useState(initialText)
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
      {
        body: { agent, input_text: text, ...(follows ? { follows } : {}) },
      },
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

/** A box to type in what an agent shall do. */
export function RunBox(props: RunBoxProps) {
  const {
    label = 'Input',
    placeholder = 'What shall it do?',
    action = 'Run',
  } = props
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
        aria-label={label}
        aria-invalid={Boolean(message)}
        aria-describedby={helpId}
        placeholder={placeholder}
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
          {action}
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
