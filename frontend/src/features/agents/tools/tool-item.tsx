import { SettingsIcon, XIcon } from 'lucide-react'
import { useId, useState } from 'react'

import { Button } from '@/components/ui/button'
import { Switch } from '@/components/ui/switch'

import type { ToolChoice, ToolEntry, CatalogueEntry } from './tool-entries'
import { ToolIcon } from './tool-icon'
import { ToolOptions } from './tool-options'

const EFFECTS: Record<CatalogueEntry['effect'], string> = {
  read: 'Read-only',
  idempotent: 'Safe to repeat',
  write: 'Has side effects',
}

type ToolItemProps = {
  entry: ToolEntry
  choice: ToolChoice
  error: string | undefined
  onChange: (entry: ToolEntry) => void
  onRemove: () => void
}

/** One tool of the agent, with its settings. */
export function ToolItem(props: ToolItemProps) {
  const { entry, choice, error, onChange, onRemove } = props
  const [isOpen, setOpen] = useState(false)
  const optionsId = useId()
  const hasOptions = entry.type !== 'http'

  return (
    <li className="px-3.5 py-3">
      <div className="flex items-start gap-3">
        <span className="mt-0.5">
          <ToolIcon entry={entry} />
        </span>
        <div className="min-w-0 flex-1">
          <p className="text-sm font-medium wrap-anywhere">{choice.title}</p>
          {choice.description && (
            <p className="line-clamp-2 text-xs text-muted-foreground">
              {choice.description}
            </p>
          )}
          <Approval
            entry={entry}
            needsApproval={entry.needs_approval ?? choice.needsApproval}
            effect={effectOf(entry, choice)}
            onChange={onChange}
          />
        </div>
        <div className="-mt-1 -mr-1.5 flex text-muted-foreground">
          {hasOptions && (
            <Button
              variant="ghost"
              size="icon-small"
              aria-label={`Settings for ${choice.title}`}
              aria-expanded={isOpen}
              aria-controls={optionsId}
              onClick={() => {
                setOpen(!isOpen)
              }}
            >
              <SettingsIcon />
            </Button>
          )}
          <Button
            variant="ghost"
            size="icon-small"
            aria-label={`Remove ${choice.title}`}
            onClick={onRemove}
          >
            <XIcon />
          </Button>
        </div>
      </div>
      {(isOpen || error) && (
        <div id={optionsId}>
          <ToolOptions entry={entry} error={error} onChange={onChange} />
        </div>
      )}
    </li>
  )
}

function effectOf(entry: ToolEntry, { effect }: ToolChoice) {
  return entry.type === 'mcp' ? (entry.effect ?? effect) : effect
}

type ApprovalProps = {
  entry: ToolEntry
  needsApproval: boolean
  effect: CatalogueEntry['effect'] | undefined
  onChange: (entry: ToolEntry) => void
}

function Approval({ entry, needsApproval, effect, onChange }: ApprovalProps) {
  const id = useId()
  return (
    <div className="mt-2 flex flex-wrap items-center gap-x-3 gap-y-1.5 text-xs">
      <span className="flex items-center gap-2">
        <Switch
          id={id}
          checked={needsApproval}
          onCheckedChange={(needs_approval) => {
            onChange({ ...entry, needs_approval })
          }}
        />
        <label htmlFor={id}>Require approval before each call</label>
      </span>
      {effect && (
        <span className="rounded-full bg-muted px-2 py-0.5 text-muted-foreground">
          {EFFECTS[effect]}
        </span>
      )}
    </div>
  )
}
