import { useInfiniteQuery } from '@tanstack/react-query'
import { FlaskConicalIcon, GlobeIcon, PlusIcon } from 'lucide-react'
import { useState } from 'react'

import { LoadMore } from '@/components/load-more'
import { Notice } from '@/components/notice'
import { Section } from '@/components/section'
import { Button } from '@/components/ui/button'
import { Dialog, DialogContent } from '@/components/ui/dialog'
import { rowsOf } from '@/lib/api/pages'

import { httpToolsQuery, useDeleteHttpTool } from '../queries'
import type { HttpTool } from '../queries'
import { ToolFacts } from '../tool-facts'
import { ToolList } from '../tool-list'
import { ToolMenu } from '../tool-menu'
import { HttpToolForm } from './http-tool-form'
import { TrialDialog } from './trial-dialog'

type Draft = { tool: HttpTool | undefined }

/** Requests to one's own services. */
export function HttpTools() {
  const query = useInfiniteQuery(httpToolsQuery())
  const [draft, setDraft] = useState<Draft>()
  const [tried, setTried] = useState<HttpTool>()
  const newButton = (
    <Button
      size="small"
      onClick={() => {
        setDraft({ tool: undefined })
      }}
    >
      <PlusIcon />
      New HTTP tool
    </Button>
  )
  return (
    <Section title="HTTP tools" aside={newButton}>
      <ToolList
        label="HTTP tools"
        rows={query.data && rowsOf(query.data).rows}
        error={query.error}
        onRetry={() => void query.refetch()}
        empty={
          <Notice icon={GlobeIcon} title="No HTTP tools yet">
            Declare a request to a service of yours, and agents can make it.
          </Notice>
        }
      >
        {(tool) => (
          <HttpToolRow
            key={tool.id}
            tool={tool}
            onEdit={() => {
              setDraft({ tool })
            }}
            onTry={() => {
              setTried(tool)
            }}
          />
        )}
      </ToolList>
      <LoadMore query={query} />
      <HttpToolDialog
        draft={draft}
        onClose={() => {
          setDraft(undefined)
        }}
      />
      <TrialDialog
        tool={tried}
        onClose={() => {
          setTried(undefined)
        }}
      />
    </Section>
  )
}

type RowProps = { tool: HttpTool; onEdit: () => void; onTry: () => void }

function HttpToolRow({ tool, onEdit, onTry }: RowProps) {
  const deleteTool = useDeleteHttpTool()
  return (
    <li className="flex items-start gap-2 px-4 py-3.5 sm:px-5">
      <ToolFacts
        name={tool.name}
        description={tool.description}
        address={`${tool.method} ${tool.url_template}`}
        effect={tool.effect}
        needsApproval={tool.needs_approval}
      />
      <Button
        variant="outline"
        size="small"
        aria-label={`Test ${tool.name}`}
        onClick={onTry}
      >
        <FlaskConicalIcon />
        Test
      </Button>
      <ToolMenu
        name={tool.name}
        onEdit={onEdit}
        onDelete={() =>
          deleteTool.mutateAsync({ params: { path: { id: tool.id } } })
        }
      />
    </li>
  )
}

type DialogProps = { draft: Draft | undefined; onClose: () => void }

function HttpToolDialog({ draft, onClose }: DialogProps) {
  return (
    <Dialog
      open={draft !== undefined}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose()
      }}
    >
      {draft && (
        <DialogContent
          title={draft.tool ? 'Edit HTTP tool' : 'New HTTP tool'}
          description="A request that agents can make, with the arguments that they choose."
          className="sm:max-w-xl"
        >
          <HttpToolForm tool={draft.tool} onSaved={onClose} />
        </DialogContent>
      )}
    </Dialog>
  )
}
