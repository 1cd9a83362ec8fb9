import { FlaskConicalIcon, GlobeIcon } from 'lucide-react'
import { useState } from 'react'

import { Notice } from '@/components/notice'
import { Button } from '@/components/ui/button'

import { useDeleteHttpTool } from '../mutations'
import { httpToolsQuery } from '../queries'
import type { HttpTool } from '../queries'
import { ToolFacts } from '../tool-facts'
import { ToolMenu } from '../tool-menu'
import { ToolSection } from '../tool-section'
import { HttpToolForm } from './http-tool-form'
import { TestDialog } from './test-dialog'

/** Requests to the user's own services. */
export function HttpTools() {
  const [tested, setTested] = useState<HttpTool>()
  return (
    <>
      <ToolSection
        title="HTTP tools"
        query={httpToolsQuery()}
        empty={
          <Notice icon={GlobeIcon} title="No HTTP tools yet">
            Define a request to one of your services, and your agents can make
            it.
          </Notice>
        }
        dialog={{
          add: 'New HTTP tool',
          edit: 'Edit HTTP tool',
          description:
            'A request that agents can make, with arguments that they choose.',
          className: 'sm:max-w-xl',
        }}
        form={(tool, onSaved) => <HttpToolForm tool={tool} onSaved={onSaved} />}
      >
        {(tool, onEdit) => (
          <HttpToolRow
            key={tool.id}
            tool={tool}
            onEdit={onEdit}
            onTest={() => {
              setTested(tool)
            }}
          />
        )}
      </ToolSection>
      <TestDialog
        tool={tested}
        onClose={() => {
          setTested(undefined)
        }}
      />
    </>
  )
}

type RowProps = { tool: HttpTool; onEdit: () => void; onTest: () => void }

function HttpToolRow({ tool, onEdit, onTest }: RowProps) {
  const deleteTool = useDeleteHttpTool()
  return (
    <li className="flex items-start gap-2 px-4 py-3.5 sm:px-5">
      <ToolFacts
        name={tool.name}
        description={tool.description}
        address={`${tool.method} ${tool.url_template}`}
        effect={tool.effect}
        needsApproval={tool.needs_approval_effective}
      />
      <Button
        variant="outline"
        size="small"
        aria-label={`Test ${tool.name}`}
        onClick={onTest}
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
