import { HistoryIcon } from 'lucide-react'
import { useState } from 'react'

import { BusyButton } from '@/components/busy-button'
import { ProtectionChanges } from '@/components/protection-changes'
import { RelativeTime } from '@/components/times'
import { Button } from '@/components/ui/button'
import { Dialog, DialogClose, DialogContent } from '@/components/ui/dialog'
import { Field } from '@/components/ui/field'
import { Select } from '@/components/ui/select'

import type { Agent, AgentVersion } from '../queries'
import { useAgentRollback } from './use-agent-rollback'
import { VersionDiff } from './version-diff'

type VersionDialogProps = {
  agent: Agent
  /** The loaded ones, newest first. */
  versions: AgentVersion[]
  /** The number of the version that is shown. */
  number: number | undefined
  onClose: () => void
}

export function VersionDialog({
  number,
  onClose,
  ...props
}: VersionDialogProps) {
  const version = props.versions.find((each) => each.number === number)
  return (
    <Dialog
      open={version !== undefined}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose()
      }}
    >
      {version && (
        <VersionContent
          key={version.number}
          version={version}
          onClose={onClose}
          {...props}
        />
      )}
    </Dialog>
  )
}

type VersionContentProps = Omit<VersionDialogProps, 'number'> & {
  version: AgentVersion
}

/** What a version changed, with a button that restores it. */
function VersionContent({
  agent,
  versions,
  version,
  onClose,
}: VersionContentProps) {
  const others = versions.filter((each) => each !== version)
  const previous = others.find((each) => each.number < version.number)
  const [otherNumber, setOtherNumber] = useState(
    (previous ?? others[0])?.number,
  )
  const other = others.find((each) => each.number === otherNumber)
  const { rollBack, isPending } = useAgentRollback(agent)
  const isCurrent = version.number === agent.version

  return (
    <DialogContent
      title={`Version ${version.number}${isCurrent ? ' (current)' : ''}`}
      description={<RelativeTime time={version.created_at} />}
      className="sm:max-w-2xl"
    >
      <div className="min-h-0 flex-1 space-y-5 overflow-y-auto px-5 py-5 sm:px-6">
        <Field label="Compare with">
          {(control) => (
            <Select
              {...control}
              value={otherNumber}
              onChange={({ target }) => {
                setOtherNumber(Number(target.value))
              }}
            >
              {others.map((each) => (
                <option key={each.number} value={each.number}>
                  Version {each.number}
                  {each.number === agent.version && ' (current)'}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <ProtectionChanges changes={version.protection_changes} />
        {other && <VersionDiff before={other} after={version} />}
      </div>
      <footer className="flex justify-end gap-2 border-t px-5 py-3.5 sm:px-6">
        <DialogClose asChild>
          <Button variant="outline">Close</Button>
        </DialogClose>
        {!isCurrent && !agent.deleted_at && (
          <BusyButton
            isBusy={isPending}
            icon={<HistoryIcon />}
            onClick={() => void rollBack(version.number).then(onClose)}
          >
            Restore version {version.number}
          </BusyButton>
        )}
      </footer>
    </DialogContent>
  )
}
