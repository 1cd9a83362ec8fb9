import { useInfiniteQuery } from '@tanstack/react-query'
import { PlusIcon, RefreshCwIcon, ServerIcon } from 'lucide-react'
import { useState } from 'react'
import { toast } from 'sonner'

import { LoadMore } from '@/components/load-more'
import { Notice } from '@/components/notice'
import { Section } from '@/components/section'
import { RelativeTime } from '@/components/times'
import { Button } from '@/components/ui/button'
import { Dialog, DialogContent } from '@/components/ui/dialog'
import { rowsOf } from '@/lib/api/pages'
import { asProblem } from '@/lib/api/problem'
import { formatCount } from '@/lib/format'

import {
  mcpServersQuery,
  useDeleteMcpServer,
  useRefreshMcpServer,
} from '../queries'
import type { McpServer } from '../queries'
import { ToolFacts } from '../tool-facts'
import { ToolList } from '../tool-list'
import { ToolMenu } from '../tool-menu'
import { McpServerForm } from './mcp-server-form'

type Draft = { server: McpServer | undefined }

/** Servers that offer tools of their own. */
export function McpServers() {
  const query = useInfiniteQuery(mcpServersQuery())
  const [draft, setDraft] = useState<Draft>()
  const newButton = (
    <Button
      size="small"
      onClick={() => {
        setDraft({ server: undefined })
      }}
    >
      <PlusIcon />
      Add MCP server
    </Button>
  )
  return (
    <Section title="MCP servers" aside={newButton}>
      <ToolList
        label="MCP servers"
        rows={query.data && rowsOf(query.data).rows}
        error={query.error}
        onRetry={() => void query.refetch()}
        empty={
          <Notice icon={ServerIcon} title="No MCP servers yet">
            Add one by its address, and all its tools can be given to agents.
          </Notice>
        }
      >
        {(server) => (
          <McpServerRow
            key={server.id}
            server={server}
            onEdit={() => {
              setDraft({ server })
            }}
          />
        )}
      </ToolList>
      <LoadMore query={query} />
      <McpServerDialog
        draft={draft}
        onClose={() => {
          setDraft(undefined)
        }}
      />
    </Section>
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
      <ServerTools server={server} />
    </li>
  )
}

function RefreshButton({ server }: { server: McpServer }) {
  const refreshServer = useRefreshMcpServer()
  return (
    <Button
      variant="outline"
      size="small"
      aria-label={`Refresh ${server.name}`}
      disabled={refreshServer.isPending}
      onClick={() => {
        refreshServer.mutate(
          { params: { path: { id: server.id } } },
          {
            onSuccess: ({ name, tools }) =>
              toast.success(
                `${name} offers ${formatCount(tools.length, 'tool')}.`,
              ),
            onError: (error) => toast.error(asProblem(error).detail),
          },
        )
      }}
    >
      <RefreshCwIcon
        className={refreshServer.isPending ? 'animate-spin' : ''}
      />
      Refresh
    </Button>
  )
}

function ServerTools({ server }: { server: McpServer }) {
  if (!server.fetched_at) {
    return (
      <p className="mt-1 text-xs text-waiting">
        It has not told its tools yet. Refresh asks for them.
      </p>
    )
  }
  return (
    <details className="mt-1 text-xs">
      <summary className="w-fit cursor-pointer rounded-sm text-muted-foreground hover:text-foreground">
        {formatCount(server.tools.length, 'tool')}, asked{' '}
        <RelativeTime time={server.fetched_at} />
      </summary>
      <ul className="mt-3 space-y-3">
        {server.tools.map((tool) => (
          <li key={tool.name}>
            <ToolFacts
              name={tool.name}
              description={tool.description}
              effect={tool.effect}
            />
          </li>
        ))}
      </ul>
    </details>
  )
}

type DialogProps = { draft: Draft | undefined; onClose: () => void }

function McpServerDialog({ draft, onClose }: DialogProps) {
  return (
    <Dialog
      open={draft !== undefined}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose()
      }}
    >
      {draft && (
        <DialogContent
          title={draft.server ? 'Edit MCP server' : 'Add MCP server'}
          description="One that speaks MCP over HTTP."
        >
          <McpServerForm server={draft.server} onSaved={onClose} />
        </DialogContent>
      )}
    </Dialog>
  )
}
