import { useQuery } from '@tanstack/react-query'
import { toast } from 'sonner'

import { BusyButton } from '@/components/busy-button'
import { ErrorNotice } from '@/components/notice'
import { Dialog, DialogContent } from '@/components/ui/dialog'
import { Skeleton } from '@/components/ui/skeleton'
import { formatCount } from '@/lib/format'
import { toastProblem } from '@/lib/toast-problem'

import { useAcceptChanges, useDismissChanges } from '../mutations'
import { toolChangesQuery } from '../queries'
import type { McpServer } from '../queries'
import { ToolChangeItem } from './tool-change-item'

type ChangesDialogProps = {
  server: McpServer
  isOpen: boolean
  onClose: () => void
}

/** What a server has changed since its tools were accepted, and the decision on it. */
export default function ChangesDialog({
  server,
  isOpen,
  onClose,
}: ChangesDialogProps) {
  return (
    <Dialog
      open={isOpen}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
    >
      <DialogContent
        title={`Changed tools of ${server.name}`}
        description="Models follow what tools say about themselves. Accept only what you trust."
        className="sm:max-w-3xl"
      >
        <Changes server={server} onClose={onClose} />
      </DialogContent>
    </Dialog>
  )
}

type ChangesProps = Omit<ChangesDialogProps, 'isOpen'>

function Changes({ server, onClose }: ChangesProps) {
  const { data, error, refetch } = useQuery(toolChangesQuery(server.id))
  const { decide, isBusy } = useDecisions(server, data?.proposal ?? '')
  if (!data) {
    return error ? (
      <ErrorNotice error={error} onRetry={() => void refetch()} />
    ) : (
      <div role="status" aria-label="Loading" className="space-y-3 p-6">
        <Skeleton className="h-4 w-1/3" />
        <Skeleton className="h-24 w-full" />
      </div>
    )
  }
  const decideAll = async (verb: 'accept' | 'dismiss') => {
    if (await decide(verb)) onClose()
  }
  const open = data.changes.filter((change) => !change.is_dismissed).length
  return (
    <>
      <div className="min-h-0 flex-1 overflow-y-auto overscroll-contain">
        {data.changes.length === 0 && (
          <p className="px-6 py-12 text-center text-sm text-muted-foreground">
            Nothing differs from the accepted tools.
          </p>
        )}
        <ul aria-label="Changed tools" className="divide-y">
          {data.changes.map((change) => (
            <ToolChangeItem
              key={change.name}
              change={change}
              isBusy={isBusy}
              onDecide={(verb) => void decide(verb, [change.name])}
            />
          ))}
        </ul>
      </div>
      {open > 0 && (
        <footer className="flex flex-wrap justify-end gap-2 border-t px-5 py-3.5 sm:px-6">
          <BusyButton
            variant="outline"
            isBusy={isBusy}
            onClick={() => void decideAll('dismiss')}
          >
            Dismiss all
          </BusyButton>
          <BusyButton isBusy={isBusy} onClick={() => void decideAll('accept')}>
            Accept {formatCount(open, 'change')}
          </BusyButton>
        </footer>
      )}
    </>
  )
}

/** Decide on the changes that are shown: the server refuses if there are others by then. */
function useDecisions(server: McpServer, proposal: string) {
  const accept = useAcceptChanges()
  const dismiss = useDismissChanges()

  const decide = async (verb: 'accept' | 'dismiss', tools?: string[]) => {
    const { mutateAsync } = verb === 'accept' ? accept : dismiss
    try {
      await mutateAsync({
        params: { path: { id: server.id } },
        body: { proposal, ...(tools ? { tools } : {}) },
      })
    } catch (error) {
      toastProblem(error)
      return false
    }
    toast.success(
      verb === 'accept' ? 'Changes accepted.' : 'Changes dismissed.',
    )
    return true
  }

  return { decide, isBusy: accept.isPending || dismiss.isPending }
}
