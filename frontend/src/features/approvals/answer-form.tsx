import { SendHorizontalIcon } from 'lucide-react'
import { useState } from 'react'

import { Button } from '@/components/ui/button'
import { Field } from '@/components/ui/field'
import { Textarea } from '@/components/ui/input'
import { layOut, readObject } from '@/lib/json'

import { Choices } from './decision-buttons'
import { useAnswerCall } from './queries'
import type { Approval } from './queries'

/** What the agent asks; a tool that puts it differently is shown as it calls. */
function questionOf({ arguments: text }: Approval) {
  const question = readObject(text)?.['question']
  return typeof question === 'string' ? question : layOut(text)
}

export function AnswerForm({ approval }: { approval: Approval }) {
  const answerCall = useAnswerCall()
  const [text, setText] = useState('')
  const [error, setError] = useState<string>()

  const answer = () => {
    if (answerCall.isPending) return
    setError(text.trim() ? undefined : 'Type an answer.')
    if (!text.trim()) return
    const params = { path: { id: approval.id } }
    answerCall.mutate({ params, body: { text } })
  }

  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault()
        answer()
      }}
    >
      <p className="wrap-anywhere whitespace-pre-wrap">
        {questionOf(approval)}
      </p>
      <Field label="Your answer" error={error}>
        {(control) => (
          <Textarea
            {...control}
            value={text}
            className="field-sizing-content max-h-80"
            onChange={(event) => {
              setText(event.target.value)
            }}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
                event.preventDefault()
                answer()
              }
            }}
          />
        )}
      </Field>
      <Choices>
        <Button type="submit" aria-disabled={answerCall.isPending}>
          <SendHorizontalIcon />
          Answer
        </Button>
      </Choices>
    </form>
  )
}
