import { PlayIcon } from 'lucide-react'
import { useId, useState } from 'react'
import { toast } from 'sonner'

import { BusyButton } from '@/components/busy-button'
import { asProblem } from '@/lib/api/problem'

import { useRunTask } from '../queries'

type RunBoxProps = {
  agent: number
  onRun: (task: number) => void
  /** The task whose conversation is continued. */
  follows?: number
  initialText?: string
  label?: string
  placeholder?: string
  action?: string
}

/** The input, what is wrong with it, and how to run it. */
function useRunBox({ agent, onRun, follows, initialText = '' }: RunBoxProps) {
  const [text, setText] = useState(initialText)
  const [message, setMessage] = useState('')
  const runTask = useRunTask()

  const showRejection = (error: unknown) => {
    const { detail, errors } = asProblem(error)
    const ofField = errors?.['input_text']?.map((each) => each.detail)
    if (ofField) setMessage(ofField.join(' '))
    else toast.error(detail)
  }

  const run = () => {
    if (runTask.isPending) return
    setMessage(text.trim() ? '' : 'Enter an input for the agent.')
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
        onError: showRejection,
      },
    )
  }

  return { text, setText, message, run, isRunning: runTask.isPending }
}

/** The form that runs an agent on an input. */
export function RunBox(props: RunBoxProps) {
  const {
    label = 'Input',
    placeholder = 'What should the agent do?',
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
        <BusyButton type="submit" isBusy={isRunning} icon={<PlayIcon />}>
          {action}
        </BusyButton>
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
          <kbd className="font-sans">Enter</kbd> to run
        </span>
      )}
    </p>
  )
}
