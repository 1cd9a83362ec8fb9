import { LoaderCircleIcon, PlayIcon } from 'lucide-react'
import { useState } from 'react'
import { toast } from 'sonner'

import { CodeBlock } from '@/components/code-block'
import { Button } from '@/components/ui/button'
import { Dialog, DialogContent } from '@/components/ui/dialog'
import { Field } from '@/components/ui/field'
import { Textarea } from '@/components/ui/input'
import type { Schemas } from '@/lib/api/client'
import { asProblem } from '@/lib/api/problem'
import { formatDuration } from '@/lib/format'
import { layOut, readObject } from '@/lib/json'

import { useTestHttpTool } from '../queries'
import type { HttpTool } from '../queries'

type TrialDialogProps = { tool: HttpTool | undefined; onClose: () => void }

export function TrialDialog({ tool, onClose }: TrialDialogProps) {
  return (
    <Dialog
      open={tool !== undefined}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose()
      }}
    >
      {tool && (
        <DialogContent
          title={`Call ${tool.name}`}
          description="It is really called, with its secrets and all its effects."
          className="sm:max-w-xl"
        >
          <Trial tool={tool} />
        </DialogContent>
      )}
    </Dialog>
  )
}

/** An empty value for each argument that the tool requires. */
function firstArguments({ parameters }: HttpTool) {
  const schema = readObject(JSON.stringify(parameters)) ?? {}
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  const entries = required.map((name) => [String(name), ''])
  return JSON.stringify(Object.fromEntries(entries), null, 2)
}

function Trial({ tool }: { tool: HttpTool }) {
  const [text, setText] = useState(() => firstArguments(tool))
  const [error, setError] = useState<string>()
  const testTool = useTestHttpTool()

  const call = () => {
    const parsed = readObject(text)
    setError(parsed ? undefined : 'Write a JSON object, as in {"id": 1}.')
    if (!parsed || testTool.isPending) return
    testTool.mutate(
      { params: { path: { id: tool.id } }, body: { arguments: parsed } },
      { onError: (problem) => toast.error(asProblem(problem).detail) },
    )
  }

  return (
    <form
      className="min-h-0 space-y-4 overflow-y-auto px-5 py-5 sm:px-6"
      onSubmit={(event) => {
        event.preventDefault()
        call()
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
      <Button type="submit" aria-disabled={testTool.isPending}>
        {testTool.isPending ? (
          <LoaderCircleIcon className="animate-spin" />
        ) : (
          <PlayIcon />
        )}
        Call it now
      </Button>
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
          {result.is_error ? 'It failed' : 'It answered'}
        </span>{' '}
        <span className="text-muted-foreground">
          after {formatDuration(result.seconds * 1000)}. A model would be told:
        </span>
      </p>
      <CodeBlock text={layOut(result.result)} label="Result" />
    </div>
  )
}
