import { SendHorizontalIcon } from 'lucide-react'
import { useState } from 'react'

import { BusyButton } from '@/components/busy-button'
import { formatJson, readObject } from '@/lib/json'

import { DecisionForm, TextField } from './decision-form'
import { useAnswerCall } from './queries'
import type { Approval } from './queries'

/** The agent's question, or all arguments of a tool that has none by that name. */
function questionOf({ arguments: text }: Approval) {
  const question = readObject(text)?.['question']
  return typeof question === 'string' ? question : formatJson(text)
}

export function AnswerForm({ approval }: { approval: Approval }) {
  const answerCall = useAnswerCall()
  const [text, setText] = useState('')
  const [error, setError] = useState<string>()

  const answer = () => {
    if (answerCall.isPending) return
    setError(text.trim() ? undefined : 'Enter an answer.')
    if (!text.trim()) return
    const params = { path: { id: approval.id } }
    answerCall.mutate({ params, body: { text } })
  }

  return (
    <DecisionForm
      onSubmit={answer}
      buttons={
        <BusyButton
          type="submit"
          isBusy={answerCall.isPending}
          icon={<SendHorizontalIcon />}
        >
          Send answer
        </BusyButton>
      }
    >
      <p className="wrap-anywhere whitespace-pre-wrap">
        {questionOf(approval)}
      </p>
      <TextField
        label="Your answer"
        error={error}
        value={text}
        onChange={setText}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault()
            answer()
          }
        }}
      />
    </DecisionForm>
  )
}
