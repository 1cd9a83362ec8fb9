import { PlayIcon } from 'lucide-react'
import { useState } from 'react'

import { BusyButton } from '@/components/busy-button'
import { CodeBlock } from '@/components/code-block'
import { Dialog, DialogContent } from '@/components/ui/dialog'
import { Field } from '@/components/ui/field'
import { Textarea } from '@/components/ui/input'
import type { Schemas } from '@/lib/api/client'
import { formatDuration } from '@/lib/format'
import { formatJson, readObject } from '@/lib/json'
import { toastProblem } from '@/lib/toast-problem'

import { useTestHttpTool } from '../mutations'
import type { HttpTool } from '../queries'

type TestDialogProps = { tool: HttpTool | undefined; onClose: () => void }

export function TestDialog({ tool, onClose }: TestDialogProps) {
  return (
    <Dialog
      open={tool !== undefined}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose()
      }}
    >
      {tool && (
        <DialogContent
          title={`Test ${tool.name}`}
          description="This makes a real request, with the tool’s secrets and all its effects."
          className="sm:max-w-xl"
        >
          <TestForm tool={tool} />
        </DialogContent>
      )}
    </Dialog>
  )
}

/** An empty value for each required argument. */
function initialArguments({ parameters }: HttpTool) {
  const schema = readObject(JSON.stringify(parameters)) ?? {}
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  const entries = required.map((name) => [String(name), ''])
  return JSON.stringify(Object.fromEntries(entries), null, 2)
}

function TestForm({ tool }: { tool: HttpTool }) {
  const [text, setText] = useState(() => initialArguments(tool))
  const [error, setError] = useState<string>()
  const testTool = useTestHttpTool()

  const send = () => {
    const parsed = readObject(text)
    setError(parsed ? undefined : 'Enter a JSON object, such as {"id": 1}.')
    if (!parsed || testTool.isPending) return
    testTool.mutate(
      { params: { path: { id: tool.id } }, body: { arguments: parsed } },
      { onError: toastProblem },
    )
  }

  return (
    <form
      className="min-h-0 space-y-4 overflow-y-auto px-5 py-5 sm:px-6"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <Field label="Arguments" error={error}>
        {(control) => (
          <Textarea
            {...control}
            value={text}
            spellCheck={false}
            className="field-sizing-content max-h-60 font-mono sm:text-xs"
            onChange={(event) => {
              setText(event.target.value)
            }}
          />
        )}
      </Field>
      <BusyButton type="submit" isBusy={testTool.isPending} icon={<PlayIcon />}>
        Send request
      </BusyButton>
      <div role="status">
        {testTool.data && <Result result={testTool.data} />}
      </div>
    </form>
  )
}

function Result({ result }: { result: Schemas['Trial'] }) {
  return (
    <div className="space-y-2">
      <p className="text-sm">
        <span className={result.is_error ? 'text-failed' : 'text-completed'}>
          {result.is_error ? 'Failed' : 'Succeeded'}
        </span>{' '}
        <span className="text-muted-foreground">
          after {formatDuration(result.seconds * 1000)}. The model would
          receive:
        </span>
      </p>
      <CodeBlock text={formatJson(result.result)} label="Result" />
    </div>
  )
}
