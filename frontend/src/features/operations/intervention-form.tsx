import { useState } from 'react'
import { toast } from 'sonner'

import { BusyButton } from '@/components/busy-button'
import { AlertDialog } from '@/components/ui/alert-dialog'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { formatCount } from '@/lib/format'
import { toastProblem } from '@/lib/toast-problem'

import { useFailTasks, useRequeueTasks } from './queries'

/** The IDs in a text such as "12, 15 18"; none if it contains anything else. */
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
    setError(ids.length ? undefined : 'Enter task IDs, such as 12, 15.')
    return ids.length > 0
  }
  const reporting = (done: string) => ({
    onSuccess: ({ count }: { count: number }) =>
      toast.success(`${formatCount(count, 'task')} ${done}.`),
    onError: toastProblem,
  })

  return (
    <form
      className="space-y-4 px-4 py-5 sm:px-6"
      onSubmit={(event) => {
        event.preventDefault()
        if (check()) requeue.mutate({ body: { ids } }, reporting('requeued'))
      }}
    >
      <Field
        label="Task IDs"
        hint="Requeued tasks keep their finished steps. Completed tasks are not affected."
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
        <BusyButton type="submit" isBusy={requeue.isPending}>
          Requeue
        </BusyButton>
        <BusyButton
          variant="outline"
          isBusy={fail.isPending}
          onClick={() => {
            if (check()) setIsAsking(true)
          }}
        >
          Fail tasks
        </BusyButton>
      </div>
      <AlertDialog
        open={isAsking}
        onOpenChange={setIsAsking}
        title={`Fail ${formatCount(ids.length, 'task')}?`}
        description="Running tasks stop immediately. Their owners see that an operator ended them, and can retry them."
        action="Fail tasks"
        onAction={() => {
          fail.mutate({ body: { ids } }, reporting('marked as failed'))
        }}
      />
    </form>
  )
}
