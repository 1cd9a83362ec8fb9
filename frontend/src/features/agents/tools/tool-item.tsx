import { SettingsIcon, XIcon } from 'lucide-react'
import { useId, useState } from 'react'
import type { ReactNode } from 'react'

import { ApprovalSelect } from '@/components/approval-select'
import { Button } from '@/components/ui/button'
import { formatCount } from '@/lib/format'

import { asksByDefault, reachesHosts } from './tool-entries'
import type { ToolChoice, ToolEntry } from './tool-entries'
import { ToolIcon } from './tool-icon'
import { ToolOptions } from './tool-options'
import type { CatalogueEntry } from './tool-queries'

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
            isAskedByDefault={asksByDefault(entry, choice)}
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
          <ToolOptions
            entry={entry}
            claimedEffect={choice.claimedEffect}
            error={error}
            onChange={onChange}
          />
        </div>
      )}
    </li>
  )
}

function effectOf(entry: ToolEntry, { effect }: ToolChoice) {
  return entry.type === 'mcp' ? (entry.effect ?? effect) : effect
}

const Pill = ({ children }: { children: ReactNode }) => (
  <span className="rounded-full bg-muted px-2 py-0.5 text-muted-foreground">
    {children}
  </span>
)

type ApprovalProps = {
  entry: ToolEntry
  isAskedByDefault: boolean
  effect: CatalogueEntry['effect'] | undefined
  onChange: (entry: ToolEntry) => void
}

function Approval({
  entry,
  isAskedByDefault,
  effect,
  onChange,
}: ApprovalProps) {
  const id = useId()
  const wouldAsk = isAskedByDefault || effect === 'write'
  const isOff = wouldAsk && entry.needs_approval === false
  return (
    <div className="mt-2 space-y-1.5 text-xs">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
        <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <label htmlFor={id}>Ask before running</label>
          <ApprovalSelect
            id={id}
            className="h-8 w-auto text-xs sm:text-xs"
            value={entry.needs_approval ?? null}
            isAskedByDefault={isAskedByDefault}
            onChange={(value) => {
              onChange(withApproval(entry, value ?? undefined))
            }}
          />
        </span>
        {effect && <Pill>{EFFECTS[effect]}</Pill>}
        {reachesHosts(entry) && (
          <Pill>
            {entry.allowed_hosts
              ? formatCount(entry.allowed_hosts.length, 'host')
              : 'Any public host'}
          </Pill>
        )}
      </div>
      {isOff && (
        <p className="text-waiting">
          Runs without asking. The version history records who switched it off.
        </p>
      )}
    </div>
  )
}

/** With another setting, the server decides again which tools ask by default. */
function withApproval(
  entry: ToolEntry,
  needs_approval: boolean | undefined,
): ToolEntry {
  return 'ask_before' in entry
    ? { ...entry, needs_approval, ask_before: undefined }
    : { ...entry, needs_approval }
}
