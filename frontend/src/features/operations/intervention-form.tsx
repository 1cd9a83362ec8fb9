import { useState } from 'react'
import { toast } from 'sonner'

import { AlertDialog } from '@/components/ui/alert-dialog'
import { Button } from '@/components/ui/button'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { asProblem } from '@/lib/api/problem'
import { formatCount } from '@/lib/format'

import { useFailTasks, useRequeueTasks } from './queries'

/** The ids in a text such as "12, 15 18"; none where anything else stands in it. */
function idsOf(text: string) {
  const words = text.split(/[\s,]+/).filter(Boolean)
  return words.every((word) => /^[1-9]\d*$/.test(word)) ? words.map(Number) : []
}

export function InterventionForm() {
  const [text, setText] = useState('')
  const [error, setError] = useState<string>()
  const [isAsking, setIsAsking] = useState(false)
  const requeue = useRequeueTasks()
  const fail = useFailTasks()
  const ids = idsOf(text)

  const check = () => {
    setError(ids.length ? undefined : 'Type the ids of tasks, such as 12, 15.')
    return ids.length > 0
  }
  const telling = (done: string) => ({
    onSuccess: ({ count }: { count: number }) =>
      toast.success(`${formatCount(count, 'task')} ${done}.`),
    onError: (problem: unknown) => toast.error(asProblem(problem).detail),
  })

  return (
    <form
      className="space-y-4 px-4 py-5 sm:px-6"
      onSubmit={(event) => {
        event.preventDefault()
        if (check()) requeue.mutate({ body: { ids } }, telling('requeued'))
      }}
    >
      <Field
        label="Tasks"
        hint="Requeueing keeps finished steps. What has ended well is left as it is."
        error={error}
      >
        {(control) => (
          <Input
            {...control}
            value={text}
            inputMode="numeric"
            placeholder="12, 15"
            className="sm:max-w-sm"
            onChange={(event) => {
              setText(event.target.value)
            }}
          />
        )}
      </Field>
      <div className="flex flex-wrap gap-2">
        <Button type="submit" aria-disabled={requeue.isPending}>
          Requeue
        </Button>
        <Button
          variant="outline"
          aria-disabled={fail.isPending}
          onClick={() => {
            if (check()) setIsAsking(true)
          }}
        >
          End as failed
        </Button>
      </div>
      <AlertDialog
        open={isAsking}
        onOpenChange={setIsAsking}
        title={`End ${formatCount(ids.length, 'task')} as failed?`}
        description="Whatever they do just now is stopped. Their owners see that an operator ended them, and can run them again."
        action="End as failed"
        onAction={() => {
          fail.mutate({ body: { ids } }, telling('ended as failed'))
        }}
      />
    </form>
  )
}
