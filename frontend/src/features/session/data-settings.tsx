import { DownloadIcon } from 'lucide-react'

import { SettingsCard } from '@/components/section'
import { Button } from '@/components/ui/button'

export function DataSettings() {
  return (
    <SettingsCard
      title="Export your data"
      description="Your agents with all versions, and your tasks with their steps, events and answers, in one file."
    >
      <div className="space-y-4 px-4 py-5 text-sm sm:px-6">
        <p className="text-muted-foreground">
          The file has the JSON Lines format: one object per line, with its kind
          in <code className="font-mono">type</code>. It is complete if its last
          line has the type <code className="font-mono">end</code>. It does not
          contain passwords, tokens or the secrets of tools.
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
