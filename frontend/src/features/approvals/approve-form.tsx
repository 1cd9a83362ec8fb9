import { CheckIcon, PencilIcon, XIcon } from 'lucide-react'
import { useState } from 'react'

import { BusyButton } from '@/components/busy-button'
import { CodeBlock } from '@/components/code-block'
import { Button } from '@/components/ui/button'
import { formatJson, readObject } from '@/lib/json'
import { useFocus } from '@/lib/use-focus'

import { DecisionButtons, DecisionForm, TextField } from './decision-form'
import { useApproveCall, useRejectCall } from './queries'
import type { Approval } from './queries'

type Mode = 'review' | 'edit' | 'reject'
type FormProps = { approval: Approval; onBack: () => void }

/** Approve a tool call, with its own arguments or with others, or reject it. */
export function ApproveForm({ approval }: { approval: Approval }) {
  const [mode, setMode] = useState<Mode>('review')
  const back = () => {
    setMode('review')
  }
  if (mode === 'edit') return <EditForm approval={approval} onBack={back} />
  if (mode === 'reject') return <RejectForm approval={approval} onBack={back} />
  return <Review approval={approval} onMode={setMode} />
}

type ReviewProps = { approval: Approval; onMode: (mode: Mode) => void }

function Review({ approval, onMode }: ReviewProps) {
  const approveCall = useApproveCall()
  return (
    <div className="space-y-4">
      <CodeBlock text={formatJson(approval.arguments)} label="Arguments" />
      <DecisionButtons>
        <BusyButton
          isBusy={approveCall.isPending}
          icon={<CheckIcon />}
          onClick={() => {
            const params = { path: { id: approval.id } }
            approveCall.mutate({ params, body: {} })
          }}
        >
          Approve
        </BusyButton>
        <Button
          variant="outline"
          onClick={() => {
            onMode('edit')
          }}
        >
          <PencilIcon />
          Edit arguments
        </Button>
        <Button
          variant="outline"
          onClick={() => {
            onMode('reject')
          }}
        >
          <XIcon />
          Reject
        </Button>
      </DecisionButtons>
    </div>
  )
}

function EditForm({ approval, onBack }: FormProps) {
  const approveCall = useApproveCall()
  const target = useFocus<HTMLTextAreaElement>()
  const original = formatJson(approval.arguments)
  const [text, setText] = useState(original)
  const [error, setError] = useState<string>()

  const approve = () => {
    const changed = readObject(text)
    setError(changed ? undefined : 'Enter a JSON object, such as {"a": 1}.')
    if (!changed) return
    const params = { path: { id: approval.id } }
    // Unchanged ones are not sent: JavaScript would round their long numbers.
    const body = text === original ? {} : { arguments: changed }
    approveCall.mutate({ params, body })
  }

  return (
    <DecisionForm
      onSubmit={approve}
      buttons={
        <>
          <BusyButton
            type="submit"
            isBusy={approveCall.isPending}
            icon={<CheckIcon />}
          >
            Approve with these
          </BusyButton>
          <Button variant="ghost" onClick={onBack}>
            Back
          </Button>
        </>
      }
    >
      <TextField
        label="Arguments"
        hint="The tool is called with these instead of the agent’s arguments."
        error={error}
        ref={target}
        value={text}
        spellCheck={false}
        className="field-sizing-content max-h-80 min-h-28 font-mono sm:text-xs"
        onChange={setText}
      />
    </DecisionForm>
  )
}

function RejectForm({ approval, onBack }: FormProps) {
  const rejectCall = useRejectCall()
  const target = useFocus<HTMLTextAreaElement>()
  const [reason, setReason] = useState('')

  return (
    <DecisionForm
      onSubmit={() => {
        const params = { path: { id: approval.id } }
        rejectCall.mutate({ params, body: { reason } })
      }}
      buttons={
        <>
          <BusyButton
            type="submit"
            variant="destructive"
            isBusy={rejectCall.isPending}
            icon={<XIcon />}
          >
            Reject the call
          </BusyButton>
          <Button variant="ghost" onClick={onBack}>
            Back
          </Button>
        </>
      }
    >
      <TextField
        label="Reason"
        hint="Optional. The agent receives it, and can try something else."
        ref={target}
        value={reason}
        onChange={setReason}
      />
    </DecisionForm>
  )
}
