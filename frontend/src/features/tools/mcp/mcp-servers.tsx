import { RefreshCwIcon, ServerIcon } from 'lucide-react'
import { toast } from 'sonner'

import { BusyButton } from '@/components/busy-button'
import { Notice } from '@/components/notice'
import { RelativeTime } from '@/components/times'
import { formatCount } from '@/lib/format'
import { toastProblem } from '@/lib/toast-problem'

import { useDeleteMcpServer, useRefreshMcpServer } from '../mutations'
import { mcpServersQuery } from '../queries'
import type { McpServer } from '../queries'
import { ToolFacts } from '../tool-facts'
import { ToolMenu } from '../tool-menu'
import { ToolSection } from '../tool-section'
import { McpServerForm } from './mcp-server-form'
import { ServerChanges } from './server-changes'
import { ServerHistory } from './server-history'
import { ServerProblems } from './server-problems'
import { toolsLoaded } from './tools-loaded'

/** Servers that offer tools of their own. */
export function McpServers() {
  return (
    <ToolSection
      title="MCP servers"
      query={mcpServersQuery()}
      empty={
        <Notice icon={ServerIcon} title="No MCP servers yet">
          Add a server by its URL, and its tools can be added to your agents.
        </Notice>
      }
      dialog={{
        add: 'Add MCP server',
        edit: 'Edit MCP server',
        description: 'A server that speaks MCP over HTTP.',
      }}
      form={(server, onSaved) => (
        <McpServerForm server={server} onSaved={onSaved} />
      )}
    >
      {(server, onEdit) => (
        <McpServerRow key={server.id} server={server} onEdit={onEdit} />
      )}
    </ToolSection>
  )
}

type RowProps = { server: McpServer; onEdit: () => void }

function McpServerRow({ server, onEdit }: RowProps) {
  const deleteServer = useDeleteMcpServer()
  return (
    <li className="px-4 py-3.5 sm:px-5">
      <div className="flex items-start gap-2">
        <ToolFacts
          name={server.name}
          description={server.description}
          address={server.url}
        />
        <RefreshButton server={server} />
        <ToolMenu
          name={server.name}
          onEdit={onEdit}
          onDelete={() =>
            deleteServer.mutateAsync({ params: { path: { id: server.id } } })
          }
        />
      </div>
      <ServerChanges server={server} />
      <ServerProblems server={server} />
      <ServerTools server={server} />
      {server.fetched_at && <ServerHistory server={server} />}
    </li>
  )
}

function RefreshButton({ server }: { server: McpServer }) {
  const refreshServer = useRefreshMcpServer()
  return (
    <BusyButton
      variant="outline"
      size="small"
      aria-label={`Refresh ${server.name}`}
      isBusy={refreshServer.isPending}
      icon={<RefreshCwIcon />}
      onClick={() => {
        refreshServer.mutate(
          { params: { path: { id: server.id } } },
          {
            onSuccess: (loaded) => toast.success(toolsLoaded(loaded)),
            onError: toastProblem,
          },
        )
      }}
    >
      Refresh
    </BusyButton>
  )
}

function ServerTools({ server }: { server: McpServer }) {
  if (!server.fetched_at) {
    if (server.last_error) return null
    return (
      <p className="mt-1 text-xs text-waiting">
        Its tools have not been loaded yet. Choose Refresh to load them.
      </p>
    )
  }
  return (
    <details className="mt-1 text-xs">
      <summary className="w-fit cursor-pointer rounded-sm text-muted-foreground hover:text-foreground">
        {formatCount(server.tools.length, 'tool')} accepted
        {server.accepted_at && (
          <>
            {' '}
            <RelativeTime time={server.accepted_at} />
          </>
        )}
        , loaded <RelativeTime time={server.fetched_at} />
      </summary>
      <ul className="mt-3 space-y-3">
        {server.tools.map((tool) => (
          <li key={tool.name}>
            <ToolFacts
              name={tool.name}
              description={tool.description}
              claimedEffect={tool.suggested_effect}
            />
          </li>
        ))}
      </ul>
    </details>
  )
}
