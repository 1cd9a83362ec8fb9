import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ShieldAlertIcon } from 'lucide-react'

import { Button } from '@/components/ui/button'

import type { Agent } from '../queries'
import { toolEntries } from '../tools/tool-entries'
import { changedServersQuery } from '../tools/tool-queries'

/** That MCP servers of the agent have changed their tools, which wait for acceptance. */
export function ChangedServers({ agent }: { agent: Agent }) {
  const servers = new Set(
    (toolEntries.safeParse(agent.tools).data ?? []).flatMap((entry) =>
      entry.type === 'mcp' ? entry.server : [],
    ),
  )
  const { data } = useQuery({
    ...changedServersQuery(),
    enabled: servers.size > 0,
  })
  const changed = data?.results.filter(({ id }) => servers.has(id)) ?? []
  if (changed.length === 0) return null
  const names = changed.map(({ name }) => name).join(', ')
  return (
    <div
      role="status"
      className="flex flex-wrap items-center gap-3 rounded-2xl bg-waiting/10 px-4 py-3.5 text-sm sm:px-5"
    >
      <ShieldAlertIcon aria-hidden className="size-4 shrink-0 text-waiting" />
      <p className="min-w-48 flex-1">
        <span className="font-medium wrap-anywhere">
          Tools of {names} have changed.
        </span>{' '}
        <span className="text-muted-foreground">
          The agent goes on with the accepted tools until you decide.
        </span>
      </p>
      <Button asChild variant="outline" size="small">
        <Link to="/tools">Review changes</Link>
      </Button>
    </div>
  )
}
