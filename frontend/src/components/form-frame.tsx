import type { ReactNode, SyntheticEvent } from 'react'

import { BusyButton } from './busy-button'
import { Button } from './ui/button'
import { DialogClose } from './ui/dialog'

type FormFrameProps = {
  submitLabel: string
  cancelLabel?: string
  /** What is wrong with the form as a whole, above its buttons. */
  problem?: ReactNode
  isBusy: boolean
  onSubmit: (event: SyntheticEvent<HTMLFormElement>) => Promise<void>
  children: ReactNode
}

/** A form in a dialog: its fields scroll, its buttons stay in view. */
export function FormFrame({
  submitLabel,
  cancelLabel = 'Cancel',
  problem,
  isBusy,
  onSubmit,
  children,
}: FormFrameProps) {
  return (
    <form
      noValidate
      className="flex min-h-0 flex-1 flex-col"
      onSubmit={(event) => void onSubmit(event)}
    >
      <div className="min-h-0 flex-1 space-y-5 overflow-y-auto overscroll-contain px-5 py-5 sm:px-6">
        {children}
      </div>
      {problem && (
        <div
          role="alert"
          className="border-t bg-destructive/8 px-5 py-3 text-sm wrap-anywhere sm:px-6"
        >
          {problem}
        </div>
      )}
      <footer className="flex justify-end gap-2 border-t px-5 py-3.5 sm:px-6">
        <DialogClose asChild>
          <Button variant="outline">{cancelLabel}</Button>
        </DialogClose>
        <BusyButton type="submit" isBusy={isBusy}>
          {submitLabel}
        </BusyButton>
      </footer>
    </form>
  )
}
