import { CircleStopIcon, RotateCcwIcon, XIcon } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { toast } from 'sonner'

import { BusyButton } from '@/components/busy-button'
import { Button } from '@/components/ui/button'
import { formatCount } from '@/lib/format'
import { toastProblem } from '@/lib/toast-problem'

import { useBulkAction } from '../queries'
import type { TaskFilters } from '../queries'
import type { Selection } from './use-selection'

const AlertDialog = lazy(() =>
  import('@/components/ui/alert-dialog').then(({ AlertDialog }) => ({
    default: AlertDialog,
  })),
)

type Matching = { count: number; isExact: boolean; hasMore: boolean }

type BulkBarProps = {
  selection: Selection
  filters: TaskFilters
  matching: Matching
}

/** The actions that apply to all selected rows. */
export function BulkBar({ selection, filters, matching }: BulkBarProps) {
  const { selected, isAllMatching, clear, selectAllMatching } = selection
  if (selected.length === 0) return null
  const all = formatCount(matching.count, 'task', matching.isExact)
  const size = isAllMatching ? all : formatCount(selected.length, 'task')

  return (
    <div
      role="group"
      aria-label="Selected tasks"
      className="sticky bottom-20 z-20 mx-auto mt-4 grid grid-cols-2 items-center gap-2 rounded-2xl border bg-popover p-2 shadow-lg sm:flex sm:max-w-max md:bottom-6"
    >
      <div className="col-span-2 flex items-center gap-1 sm:contents">
        <Button
          variant="ghost"
          size="icon-small"
          aria-label="Clear selection"
          className="text-muted-foreground"
          onClick={clear}
        >
          <XIcon />
        </Button>
        <p
          role="status"
          className="mr-auto text-sm font-medium tabular sm:mr-2"
        >
          {isAllMatching ? `All ${all}` : size}
        </p>
        {matching.hasMore && !isAllMatching && (
          <Button variant="link" className="mr-2" onClick={selectAllMatching}>
            Select all {all} that match
          </Button>
        )}
      </div>
      <BulkActions
        target={isAllMatching ? filters : selected}
        size={size}
        onDone={clear}
      />
    </div>
  )
}

type BulkActionsProps = {
  target: number[] | TaskFilters
  size: string
  onDone: () => void
}

function BulkActions({ target, size, onDone }: BulkActionsProps) {
  const [isAsking, setAsking] = useState(false)
  const cancelling = useBulkAction('cancel')
  const retrying = useBulkAction('retry')

  const perform = async ({ run }: typeof retrying, done: string) => {
    try {
      const { count } = await run(target)
      if (count > 0) toast.success(`${formatCount(count, 'task')} ${done}.`)
      else toast.info(`None of the selected tasks could be ${done}.`)
      onDone()
    } catch (error) {
      toastProblem(error)
    }
  }

  return (
    <>
      <BusyButton
        variant="outline"
        size="small"
        isBusy={cancelling.isPending}
        icon={<CircleStopIcon />}
        onClick={() => {
          setAsking(true)
        }}
      >
        Cancel
      </BusyButton>
      <BusyButton
        variant="outline"
        size="small"
        isBusy={retrying.isPending}
        icon={<RotateCcwIcon />}
        onClick={() => void perform(retrying, 'queued again')}
      >
        Retry
      </BusyButton>
      <Suspense fallback={null}>
        {isAsking && (
          <AlertDialog
            open
            onOpenChange={setAsking}
            title={`Cancel ${size}?`}
            description="Pending, running and waiting tasks stop immediately. Finished tasks are not affected. You can retry cancelled tasks later."
            keep="Keep running"
            action="Cancel tasks"
            onAction={() => void perform(cancelling, 'cancelled')}
          />
        )}
      </Suspense>
    </>
  )
}
