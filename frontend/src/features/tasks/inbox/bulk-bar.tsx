import { CircleStopIcon, RotateCcwIcon, XIcon } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { toast } from 'sonner'

import { Button } from '@/components/ui/button'
import { asProblem } from '@/lib/api/problem'
import { formatCount } from '@/lib/format'

import { useBulkAction } from '../queries'
import type { TaskFilters } from '../queries'
import type { Selecting } from './use-selection'

const AlertDialog = lazy(() =>
  import('@/components/ui/alert-dialog').then(({ AlertDialog }) => ({
    default: AlertDialog,
  })),
)

type Found = { count: number; isExact: boolean; hasMore: boolean }

type BulkBarProps = {
  selection: Selecting
  filters: TaskFilters
  found: Found
}

/** What can be done with the chosen rows at once. */
export function BulkBar({ selection, filters, found }: BulkBarProps) {
  const { chosen, isAllFound, clear, chooseAllFound } = selection
  if (chosen.length === 0) return null
  const all = formatCount(found.count, 'task', found.isExact)
  const size = isAllFound ? all : formatCount(chosen.length, 'task')

  return (
    <div
      role="group"
      aria-label="Chosen tasks"
      className="sticky bottom-20 z-20 mx-auto mt-4 grid grid-cols-2 items-center gap-2 rounded-2xl border bg-popover p-2 shadow-lg sm:flex sm:max-w-max md:bottom-6"
    >
      <div className="col-span-2 flex items-center gap-1 sm:contents">
        <Button
          variant="ghost"
          size="icon-small"
          aria-label="Choose none"
          className="text-muted-foreground"
          onClick={clear}
        >
          <XIcon />
        </Button>
        <p
          role="status"
          className="mr-auto text-sm font-medium tabular sm:mr-2"
        >
          {isAllFound ? `All ${all}` : size}
        </p>
        {found.hasMore && !isAllFound && (
          <Button variant="link" className="mr-2" onClick={chooseAllFound}>
            Choose all {all} found
          </Button>
        )}
      </div>
      <BulkActions
        selected={isAllFound ? filters : chosen}
        size={size}
        onDone={clear}
      />
    </div>
  )
}

type BulkActionsProps = {
  selected: number[] | TaskFilters
  size: string
  onDone: () => void
}

function BulkActions({ selected, size, onDone }: BulkActionsProps) {
  const [isAsking, setAsking] = useState(false)
  const cancelling = useBulkAction('cancel')
  const retrying = useBulkAction('retry')

  const perform = async ({ run }: typeof retrying, done: string) => {
    try {
      const { count } = await run(selected)
      if (count > 0) toast.success(`${formatCount(count, 'task')} ${done}.`)
      else toast.info('None of them was in a state that allows it.')
      onDone()
    } catch (error) {
      toast.error(asProblem(error).detail)
    }
  }

  return (
    <>
      <Button
        variant="outline"
        size="small"
        aria-disabled={cancelling.isPending}
        onClick={() => {
          setAsking(true)
        }}
      >
        <CircleStopIcon />
        Cancel
      </Button>
      <Button
        variant="outline"
        size="small"
        aria-disabled={retrying.isPending}
        onClick={() => void perform(retrying, 'queued again')}
      >
        <RotateCcwIcon />
        Retry
      </Button>
      <Suspense fallback={null}>
        {isAsking && (
          <AlertDialog
            open
            onOpenChange={setAsking}
            title={`Cancel ${size}?`}
            description="Those that are pending, running or waiting end now. What has ended stays as it is. You can retry them later."
            keep="Keep them"
            action="Cancel them"
            onAction={() => void perform(cancelling, 'cancelled')}
          />
        )}
      </Suspense>
    </>
  )
}
