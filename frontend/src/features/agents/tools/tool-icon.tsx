import { BotIcon, GlobeIcon, PlugIcon, WrenchIcon } from 'lucide-react'
import type { LucideIcon } from 'lucide-react'

import type { ToolEntry } from './tool-entries'

const ICONS: Record<ToolEntry['type'], LucideIcon> = {
  builtin: WrenchIcon,
  http: GlobeIcon,
  mcp: PlugIcon,
  agent: BotIcon,
}

export function ToolIcon({ entry }: { entry: ToolEntry }) {
  const Icon = ICONS[entry.type]
  return <Icon aria-hidden className="size-4 shrink-0 text-muted-foreground" />
}
