import { Command as Primitive } from 'cmdk'
import { SearchIcon } from 'lucide-react'
import { Dialog } from 'radix-ui'
import type { ComponentProps, ReactNode } from 'react'

import { cn } from '@/lib/cn'

import { overlayClassName, panelClassName } from './dialog'

export const Command = Primitive

export function CommandInput({
  className,
  ...props
}: ComponentProps<typeof Primitive.Input>) {
  return (
    <div className="flex items-center gap-2 border-b px-3">
      <SearchIcon className="size-4 shrink-0 text-muted-foreground" />
      <Primitive.Input
        className={cn(
          'h-10 w-full bg-transparent text-base outline-none placeholder:text-muted-foreground focus-visible:outline-none sm:text-sm touch:h-12',
          className,
        )}
        {...props}
      />
    </div>
  )
}

export function CommandList({
  className,
  ...props
}: ComponentProps<typeof Primitive.List>) {
  return (
    <Primitive.List
      className={cn(
        'max-h-72 scroll-py-1 overflow-y-auto overscroll-contain p-1',
        className,
      )}
      {...props}
    />
  )
}

export function CommandGroup({
  className,
  ...props
}: ComponentProps<typeof Primitive.Group>) {
  return (
    <Primitive.Group
      className={cn(
        '**:[[cmdk-group-heading]]:px-2.5 **:[[cmdk-group-heading]]:pt-2 **:[[cmdk-group-heading]]:pb-1 **:[[cmdk-group-heading]]:text-xs **:[[cmdk-group-heading]]:font-medium **:[[cmdk-group-heading]]:text-muted-foreground',
        className,
      )}
      {...props}
    />
  )
}

export function CommandItem({
  className,
  ...props
}: ComponentProps<typeof Primitive.Item>) {
  return (
    <Primitive.Item
      className={cn(
        'flex cursor-default items-center gap-2 rounded-lg px-2.5 py-1.5 text-sm outline-none select-none data-[disabled=true]:text-muted-foreground data-[selected=true]:bg-accent touch:min-h-10 [&_svg]:size-4 [&_svg]:shrink-0',
        className,
      )}
      {...props}
    />
  )
}

export function CommandEmpty(props: ComponentProps<typeof Primitive.Empty>) {
  return (
    <Primitive.Empty
      className="px-3 py-6 text-center text-sm text-muted-foreground"
      {...props}
    />
  )
}

/** Focus the field, with the caret after its text. */
function focusField(event: Event) {
  const panel = event.target
  const field = panel instanceof Element && panel.querySelector('input')
  if (!field) return
  event.preventDefault()
  field.focus()
  field.setSelectionRange(field.value.length, field.value.length)
}

type CommandDialogProps = {
  title: string
  onClose: () => void
  children: ReactNode
}

/** A command menu in a dialog. It does not filter, as its results come from a search. */
export function CommandDialog({
  title,
  onClose,
  children,
}: CommandDialogProps) {
  return (
    <Dialog.Root
      open
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose()
      }}
    >
      <Dialog.Portal>
        <Dialog.Overlay className={overlayClassName} />
        <Dialog.Content
          aria-describedby={undefined}
          onOpenAutoFocus={focusField}
          className={cn(
            panelClassName,
            'top-[12dvh] left-1/2 w-[calc(100%-1.5rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-2xl',
          )}
        >
          <Dialog.Title className="sr-only">{title}</Dialog.Title>
          <Primitive shouldFilter={false} loop label={title}>
            {children}
          </Primitive>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
