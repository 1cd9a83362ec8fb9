import { AlertDialog as Primitive } from 'radix-ui'
import type { ReactNode } from 'react'

import { cn } from '@/lib/cn'

import { Button } from './button'
import { overlayClassName, panelClassName } from './dialog'

type AlertDialogProps = {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: ReactNode
  description: ReactNode
  action: string
  /** The label of the button that changes nothing. */
  keep?: string
  onAction: () => void
}

/** Asks for confirmation. The button that changes nothing has the focus. */
export function AlertDialog({
  open,
  onOpenChange,
  title,
  description,
  action,
  keep = 'Keep it',
  onAction,
}: AlertDialogProps) {
  return (
    <Primitive.Root open={open} onOpenChange={onOpenChange}>
      <Primitive.Portal>
        <Primitive.Overlay className={overlayClassName} />
        <Primitive.Content
          className={cn(
            panelClassName,
            'top-1/2 left-1/2 w-[calc(100%-2rem)] max-w-md -translate-1/2 gap-2 rounded-2xl p-6',
          )}
        >
          <Primitive.Title className="text-base font-semibold tracking-tight">
            {title}
          </Primitive.Title>
          <Primitive.Description className="text-sm text-muted-foreground">
            {description}
          </Primitive.Description>
          <div className="mt-4 flex flex-col-reverse gap-2 sm:flex-row sm:justify-end">
            <Primitive.Cancel asChild>
              <Button variant="outline">{keep}</Button>
            </Primitive.Cancel>
            <Primitive.Action asChild>
              <Button variant="destructive" onClick={onAction}>
                {action}
              </Button>
            </Primitive.Action>
          </div>
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  )
}
