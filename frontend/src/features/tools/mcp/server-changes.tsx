import { ShieldAlertIcon } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'

import { Button } from '@/components/ui/button'
import { formatCount } from '@/lib/format'

import type { McpServer } from '../queries'

const ChangesDialog = lazy(() => import('./changes-dialog'))

type ServerChangesProps = { server: McpServer }

/** That a server has changed its tools, and the way to see how. */
export function ServerChanges({ server }: ServerChangesProps) {
  const [isOpen, setOpen] = useState(false)
  const [wasOpened, setOpened] = useState(false)
  if (!server.changes && !wasOpened) return null
  const open = () => {
    setOpened(true)
    setOpen(true)
  }
  return (
    <>
      {server.changes && <Note server={server} onReview={open} />}
      {wasOpened && (
        <Suspense>
          <ChangesDialog
            server={server}
            isOpen={isOpen}
            onClose={() => {
              setOpen(false)
            }}
          />
        </Suspense>
      )}
    </>
  )
}

type NoteProps = ServerChangesProps & { onReview: () => void }

function Note({ server, onReview }: NoteProps) {
  const { changes, has_changes } = server
  if (!changes) return null
  const review = (
    <Button
      variant={has_changes ? 'outline' : 'link'}
      size="small"
      aria-label={`Review changes of ${server.name}`}
      onClick={onReview}
    >
      {has_changes ? 'Review changes' : 'Review'}
    </Button>
  )
  if (!has_changes) {
    return (
      <p className="mt-1 flex flex-wrap items-center gap-x-2 text-xs text-muted-foreground">
        {formatCount(changes.dismissed, 'change')} dismissed.
        {review}
      </p>
    )
  }
  return (
    <div
      role="status"
      className="mt-3 flex flex-wrap items-center gap-3 rounded-xl bg-waiting/10 px-3.5 py-3"
    >
      <ShieldAlertIcon aria-hidden className="size-4 shrink-0 text-waiting" />
      <p className="min-w-48 flex-1 text-sm">
        <span className="font-medium">
          The server has changed its tools: {summary(changes)}.
        </span>{' '}
        <span className="text-muted-foreground">
          Agents go on with the accepted tools until you decide.
        </span>
      </p>
      {review}
    </div>
  )
}

const summary = (changes: NonNullable<McpServer['changes']>) =>
  (['changed', 'added', 'removed'] as const)
    .filter((kind) => changes[kind] > 0)
    .map((kind) => `${changes[kind]} ${kind}`)
    .join(', ')
