import { useState } from 'react'

import { CopyButton } from '@/components/copy-button'
import { Button } from '@/components/ui/button'
import { Dialog, DialogClose, DialogContent } from '@/components/ui/dialog'

import { TokenForm } from './token-form'

type TokenDialogProps = {
  isOpen: boolean
  onOpenChange: (isOpen: boolean) => void
}

/** Creates a token, then shows its secret, which cannot be shown again. */
export function TokenDialog({ isOpen, onOpenChange }: TokenDialogProps) {
  const [secret, setSecret] = useState<string>()
  const isCreated = secret !== undefined
  return (
    <Dialog
      open={isOpen}
      onOpenChange={(next) => {
        onOpenChange(next)
        if (!next) setSecret(undefined)
      }}
    >
      <DialogContent
        title={isCreated ? 'Copy your token now' : 'New token'}
        description={
          isCreated
            ? 'It is shown only once, as only a hash of it is stored.'
            : 'Give it only the scopes that its program needs.'
        }
        onInteractOutside={(event) => {
          // A click outside must not lose what cannot be shown again.
          if (isCreated) event.preventDefault()
        }}
      >
        {isCreated ? (
          <CreatedToken secret={secret} />
        ) : (
          <TokenForm onCreated={setSecret} />
        )}
      </DialogContent>
    </Dialog>
  )
}

function CreatedToken({ secret }: { secret: string }) {
  return (
    <div className="space-y-5 px-5 py-5 sm:px-6">
      <div className="flex items-start gap-2 rounded-lg border bg-muted p-3">
        <code
          aria-label="The token"
          className="min-w-0 flex-1 font-mono text-sm break-all select-all"
        >
          {secret}
        </code>
        <CopyButton text={secret} label="Copy the token" />
      </div>
      <div className="flex justify-end">
        <DialogClose asChild>
          <Button>I have copied it</Button>
        </DialogClose>
      </div>
    </div>
  )
}
