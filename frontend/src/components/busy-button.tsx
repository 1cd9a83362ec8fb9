import { LoaderCircleIcon } from 'lucide-react'
import type { ComponentProps, ReactNode } from 'react'

import { Button } from './ui/button'

type BusyButtonProps = Omit<ComponentProps<typeof Button>, 'asChild'> & {
  /** Whether its action is in progress. Until that ends, pressing it again does nothing. */
  isBusy: boolean
  icon?: ReactNode
}

/** A button whose action takes time. It keeps its focus while it waits. */
export function BusyButton({
  isBusy,
  icon,
  onClick,
  children,
  ...props
}: BusyButtonProps) {
  return (
    <Button
      {...props}
      aria-disabled={isBusy || props['aria-disabled']}
      onClick={(event) => {
        // Also keeps a submit button from submitting its form a second time.
        if (isBusy) event.preventDefault()
        else onClick?.(event)
      }}
    >
      {isBusy ? <LoaderCircleIcon className="animate-spin" /> : icon}
      {children}
    </Button>
  )
}
