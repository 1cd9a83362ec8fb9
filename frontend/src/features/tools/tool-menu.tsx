import { EllipsisIcon, PencilIcon, Trash2Icon } from 'lucide-react'
import { useState } from 'react'
import { toast } from 'sonner'

import { AlertDialog } from '@/components/ui/alert-dialog'
import { Button } from '@/components/ui/button'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuTrigger,
} from '@/components/ui/dropdown-menu'
import { toastProblem } from '@/lib/toast-problem'

type ToolMenuProps = {
  name: string
  onEdit: () => void
  onDelete: () => Promise<unknown>
}

export function ToolMenu({ name, onEdit, onDelete }: ToolMenuProps) {
  const [isAsking, setIsAsking] = useState(false)

  const remove = async () => {
    try {
      await onDelete()
      toast.success(`${name} was deleted.`)
    } catch (error) {
      toastProblem(error)
    }
  }

  return (
    <>
      <DropdownMenu>
        <DropdownMenuTrigger asChild>
          <Button
            variant="ghost"
            size="icon-small"
            aria-label={`Actions for ${name}`}
          >
            <EllipsisIcon />
          </Button>
        </DropdownMenuTrigger>
        <DropdownMenuContent align="end">
          <DropdownMenuItem onSelect={onEdit}>
            <PencilIcon />
            Edit
          </DropdownMenuItem>
          <DropdownMenuItem
            onSelect={() => {
              setIsAsking(true)
            }}
          >
            <Trash2Icon />
            Delete
          </DropdownMenuItem>
        </DropdownMenuContent>
      </DropdownMenu>
      <AlertDialog
        open={isAsking}
        onOpenChange={setIsAsking}
        title={`Delete ${name}?`}
        description="Agents that use it will run without it. This cannot be undone."
        action="Delete"
        onAction={() => void remove()}
      />
    </>
  )
}
