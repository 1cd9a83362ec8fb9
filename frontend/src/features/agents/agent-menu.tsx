import {
  CopyIcon,
  CopyPlusIcon,
  EllipsisIcon,
  PencilIcon,
  Trash2Icon,
} from 'lucide-react'
import { useState } from 'react'
import { toast } from 'sonner'

import { AlertDialog } from '@/components/ui/alert-dialog'
import { Button } from '@/components/ui/button'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '@/components/ui/dropdown-menu'

import type { AgentDraft } from './form/agent-dialog'
import type { Agent } from './queries'

type AgentMenuProps = {
  agent: Agent
  /** For the heading of the agent's page, next to the other actions. */
  isHeading?: boolean
  onDraft: (draft: AgentDraft) => void
  onDelete: (agent: Agent) => Promise<void>
}

async function copyId(agent: Agent) {
  try {
    await navigator.clipboard.writeText(String(agent.id))
    toast.success(`ID ${agent.id} copied.`)
  } catch {
    toast.error('The browser blocked copying.')
  }
}

/** The actions on one agent. */
export function AgentMenu({
  agent,
  isHeading = false,
  onDraft,
  onDelete,
}: AgentMenuProps) {
  const [isAsking, setAsking] = useState(false)
  return (
    <>
      <DropdownMenu>
        <DropdownMenuTrigger asChild>
          <Button
            variant={isHeading ? 'outline' : 'ghost'}
            size={isHeading ? 'icon' : 'icon-small'}
            aria-label={`Actions for ${agent.name}`}
            className={isHeading ? '' : 'relative text-muted-foreground'}
          >
            <EllipsisIcon />
          </Button>
        </DropdownMenuTrigger>
        <DropdownMenuContent align="end">
          <DropdownMenuItem
            onSelect={() => {
              onDraft({ kind: 'edit', agent })
            }}
          >
            <PencilIcon />
            Edit
          </DropdownMenuItem>
          <DropdownMenuItem
            onSelect={() => {
              onDraft({ kind: 'copy', agent })
            }}
          >
            <CopyPlusIcon />
            Duplicate
          </DropdownMenuItem>
          <DropdownMenuItem onSelect={() => void copyId(agent)}>
            <CopyIcon />
            Copy ID
          </DropdownMenuItem>
          <DropdownMenuSeparator />
          <DropdownMenuItem
            className="text-destructive [&_svg]:text-destructive"
            onSelect={() => {
              setAsking(true)
            }}
          >
            <Trash2Icon />
            Delete
          </DropdownMenuItem>
        </DropdownMenuContent>
      </DropdownMenu>
      <AlertDialog
        open={isAsking}
        onOpenChange={setAsking}
        title={`Delete ${agent.name}?`}
        description="It can no longer be run. Its tasks and their answers are kept."
        action="Delete agent"
        onAction={() => {
          void onDelete(agent)
        }}
      />
    </>
  )
}
