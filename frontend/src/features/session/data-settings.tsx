import { DownloadIcon } from 'lucide-react'

import { SettingsCard } from '@/components/settings-card'
import { Button } from '@/components/ui/button'

export function DataSettings() {
  return (
    <SettingsCard
      title="Take your data along"
      lead="Your agents with all their versions, and your tasks with their steps, events and answers, as one file."
    >
      <div className="space-y-4 px-4 py-5 text-sm sm:px-6">
        <p className="text-muted-foreground">
          The file is JSON Lines: one object in each line, whose{' '}
          <code className="font-mono">type</code> says what it is. It is whole
          when its last line has the type <code className="font-mono">end</code>
          . Passwords, tokens and the secrets of tools are not in it.
        </p>
        <Button asChild>
          <a href="/api/export/" download="agentarium.jsonl">
            <DownloadIcon />
            Export my data
          </a>
        </Button>
      </div>
    </SettingsCard>
  )
}
