import { CheckIcon, PencilIcon, XIcon } from 'lucide-react'
import { useState } from 'react'

import { CodeBlock } from '@/components/code-block'
import { Button } from '@/components/ui/button'
import { Field } from '@/components/ui/field'
import { Textarea } from '@/components/ui/input'
import { layOut, readObject } from '@/lib/json'
import { useFocus } from '@/lib/use-focus'

import { Choices } from './decision-buttons'
import { useApproveCall, useRejectCall } from './queries'
import type { Approval } from './queries'

type Mode = 'look' | 'edit' | 'reject'
type FormProps = { approval: Approval; onBack: () => void }

/** Let a call be made, with these arguments or others, or refuse it. */
export function ApproveForm({ approval }: { approval: Approval }) {
  const [mode, setMode] = useState<Mode>('look')
  const back = () => {
    setMode('look')
  }
  if (mode === 'edit') return <EditForm approval={approval} onBack={back} />
  if (mode === 'reject') return <RejectForm approval={approval} onBack={back} />
  return <Look approval={approval} onMode={setMode} />
}

type LookProps = { approval: Approval; onMode: (mode: Mode) => void }

function Look({ approval, onMode }: LookProps) {
  const approveCall = useApproveCall()
  return (
    <div className="space-y-4">
      <CodeBlock text={layOut(approval.arguments)} label="Arguments" />
      <Choices>
        <Button
          aria-disabled={approveCall.isPending}
          onClick={() => {
            const params = { path: { id: approval.id } }
            approveCall.mutate({ params, body: {} })
          }}
        >
          <CheckIcon />
          Approve
        </Button>
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
      </Choices>
    </div>
  )
}

function EditForm({ approval, onBack }: FormProps) {
  const approveCall = useApproveCall()
  const target = useFocus<HTMLTextAreaElement>()
  const [text, setText] = useState(() => layOut(approval.arguments))
  const [error, setError] = useState<string>()

  const approve = () => {
    const changed = readObject(text)
    setError(changed ? undefined : 'Write a JSON object, as in {"a": 1}.')
    if (!changed) return
    const params = { path: { id: approval.id } }
    approveCall.mutate({ params, body: { arguments: changed } })
  }

  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault()
        approve()
      }}
    >
      <Field
        label="Arguments"
        hint="The tool is called with these instead of the agent's."
        error={error}
      >
        {(control) => (
          <Textarea
            {...control}
            ref={target}
            value={text}
            spellCheck={false}
            className="field-sizing-content max-h-80 min-h-28 font-mono sm:text-xs"
            onChange={(event) => {
              setText(event.target.value)
            }}
          />
        )}
      </Field>
      <Choices>
        <Button type="submit" aria-disabled={approveCall.isPending}>
          <CheckIcon />
          Approve with these
        </Button>
        <Button variant="ghost" onClick={onBack}>
          Back
        </Button>
      </Choices>
    </form>
  )
}

function RejectForm({ approval, onBack }: FormProps) {
  const rejectCall = useRejectCall()
  const target = useFocus<HTMLTextAreaElement>()
  const [reason, setReason] = useState('')

  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault()
        const params = { path: { id: approval.id } }
        rejectCall.mutate({ params, body: { reason } })
      }}
    >
      <Field
        label="Reason"
        hint="The agent is told, and may try something else. You can leave it empty."
      >
        {(control) => (
          <Textarea
            {...control}
            ref={target}
            value={reason}
            className="field-sizing-content max-h-60"
            onChange={(event) => {
              setReason(event.target.value)
            }}
          />
        )}
      </Field>
      <Choices>
        <Button
          type="submit"
          variant="destructive"
          aria-disabled={rejectCall.isPending}
        >
          <XIcon />
          Reject the call
        </Button>
        <Button variant="ghost" onClick={onBack}>
          Back
        </Button>
      </Choices>
    </form>
  )
}
