import { XIcon } from 'lucide-react'
import { Dialog as Primitive } from 'radix-ui'
import type { ComponentProps, ReactNode } from 'react'

import { cn } from '@/lib/cn'

import { Button } from './button'

export const Dialog = Primitive.Root
export const DialogClose = Primitive.Close

export const overlayClassName =
  'fixed inset-0 z-50 bg-black/45 backdrop-blur-[1px] data-[state=closed]:animate-out data-[state=closed]:fade-out-0 data-[state=open]:animate-in data-[state=open]:fade-in-0'

export const panelClassName =
  'fixed z-50 flex flex-col border bg-popover shadow-lg duration-150 outline-none data-[state=closed]:animate-out data-[state=closed]:fade-out-0 data-[state=open]:animate-in data-[state=open]:fade-in-0 sm:data-[state=closed]:zoom-out-98 sm:data-[state=open]:zoom-in-98'

type DialogContentProps = Omit<
  ComponentProps<typeof Primitive.Content>,
  'title'
> & {
  title: ReactNode
  description: ReactNode
}

/**
 * Focus the first field of a form, so that the user can type immediately. On a phone the
 * keyboard would hide half of the dialog, and a dialog without fields is for reading.
 */
function focusFirstField(event: Event) {
  const panel = event.target
  if (!(panel instanceof HTMLElement)) return
  event.preventDefault()
  const hasKeyboard = !matchMedia('(pointer: coarse)').matches
  const field = panel.querySelector<HTMLElement>('form :is(input, textarea)')
  const target = hasKeyboard && field ? field : panel
  target.focus()
}

/** A modal with a title. On a phone it rises from the bottom; elsewhere it floats. */
export function DialogContent({
  className,
  children,
  title,
  description,
  ...props
}: DialogContentProps) {
  return (
    <Primitive.Portal>
      <Primitive.Overlay className={overlayClassName} />
      <Primitive.Content
        className={cn(
          panelClassName,
          'inset-x-0 bottom-0 max-h-[94dvh] w-full rounded-t-2xl sm:inset-auto sm:top-1/2 sm:left-1/2 sm:max-h-[88dvh] sm:max-w-lg sm:-translate-1/2 sm:rounded-2xl',
          className,
        )}
        onOpenAutoFocus={focusFirstField}
        {...props}
      >
        <header className="flex items-start gap-4 border-b px-5 py-4 sm:px-6">
          <div className="min-w-0 flex-1">
            <Primitive.Title className="text-base font-semibold tracking-tight">
              {title}
            </Primitive.Title>
            <Primitive.Description className="text-sm text-muted-foreground">
              {description}
            </Primitive.Description>
          </div>
          <Primitive.Close asChild>
            <Button
              variant="ghost"
              size="icon-small"
              aria-label="Close"
              className="-mt-0.5 -mr-2 text-muted-foreground"
            >
              <XIcon />
            </Button>
          </Primitive.Close>
        </header>
        {children}
      </Primitive.Content>
    </Primitive.Portal>
  )
}
