import { CheckIcon, CircleStopIcon, RotateCcwIcon } from 'lucide-react'
import { useState } from 'react'

import { CodeBlock } from '@/components/code-block'
import { Button } from '@/components/ui/button'
import { Field } from '@/components/ui/field'
import { Textarea } from '@/components/ui/input'
import type { Schemas } from '@/lib/api/client'
import { layOut } from '@/lib/json'

import { Choices } from './decision-buttons'
import { useResolveCall } from './queries'
import type { Approval } from './queries'

/** Whether a call was made whose answer never came: only a person can find out. */
export function OutcomeForm({ approval }: { approval: Approval }) {
  const resolveCall = useResolveCall()
  const [result, setResult] = useState('')

  const resolve = (outcome: Schemas['ResolveRequest']['outcome']) => {
    if (resolveCall.isPending) return
    const params = { path: { id: approval.id } }
    resolveCall.mutate({ params, body: { outcome, result } })
  }

  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault()
        resolve('done')
      }}
    >
      <p className="text-sm text-muted-foreground">
        It was called, and no answer came back: it may have happened, or not. It
        is never repeated without your word. Look where it would show.
      </p>
      <CodeBlock text={layOut(approval.arguments)} label="Arguments" />
      <Field
        label="Result"
        hint="What the agent is told it answered; empty is fine."
      >
        {(control) => (
          <Textarea
            {...control}
            value={result}
            className="field-sizing-content max-h-60"
            onChange={(event) => {
              setResult(event.target.value)
            }}
          />
        )}
      </Field>
      <Choices>
        <Button type="submit" aria-disabled={resolveCall.isPending}>
          <CheckIcon />
          It was done
        </Button>
        <Button
          variant="outline"
          aria-disabled={resolveCall.isPending}
          onClick={() => {
            resolve('repeat')
          }}
        >
          <RotateCcwIcon />
          It was not: call again
        </Button>
        <Button
          variant="ghost"
          aria-disabled={resolveCall.isPending}
          onClick={() => {
            resolve('fail')
          }}
        >
          <CircleStopIcon />
          End the task
        </Button>
      </Choices>
    </form>
  )
}
