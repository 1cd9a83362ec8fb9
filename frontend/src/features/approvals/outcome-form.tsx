import { CheckIcon, CircleStopIcon, RotateCcwIcon } from 'lucide-react'
import { useState } from 'react'

import { BusyButton } from '@/components/busy-button'
import { CodeBlock } from '@/components/code-block'
import type { Schemas } from '@/lib/api/client'
import { formatJson } from '@/lib/json'

import { DecisionForm, TextField } from './decision-form'
import { useResolveCall } from './queries'
import type { Approval } from './queries'

type Outcome = Schemas['ResolveRequest']['outcome']

/** Whether a call without a result was made: only a person can find out. */
export function OutcomeForm({ approval }: { approval: Approval }) {
  const resolveCall = useResolveCall()
  const [result, setResult] = useState('')
  const isBusy = resolveCall.isPending

  const resolve = (outcome: Outcome) => {
    const params = { path: { id: approval.id } }
    resolveCall.mutate({ params, body: { outcome, result } })
  }

  return (
    <DecisionForm
      onSubmit={() => {
        resolve('done')
      }}
      buttons={
        <>
          <BusyButton type="submit" isBusy={isBusy} icon={<CheckIcon />}>
            It succeeded
          </BusyButton>
          <BusyButton
            variant="outline"
            isBusy={isBusy}
            icon={<RotateCcwIcon />}
            onClick={() => {
              resolve('repeat')
            }}
          >
            It did not happen: call again
          </BusyButton>
          <BusyButton
            variant="ghost"
            isBusy={isBusy}
            icon={<CircleStopIcon />}
            onClick={() => {
              resolve('fail')
            }}
          >
            Fail the task
          </BusyButton>
        </>
      }
    >
      <p className="text-sm text-muted-foreground">
        The tool was called, but no result came back, so the call may or may not
        have taken effect. It is never repeated without your decision. Check the
        system that it would have changed.
      </p>
      <CodeBlock text={formatJson(approval.arguments)} label="Arguments" />
      <TextField
        label="Result"
        hint="Optional. The agent receives it as the tool’s result."
        value={result}
        onChange={setResult}
      />
    </DecisionForm>
  )
}
