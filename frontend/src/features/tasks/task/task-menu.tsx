import { CodeXmlIcon, EllipsisIcon, PencilIcon } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'

import { Button } from '@/components/ui/button'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuTrigger,
} from '@/components/ui/dropdown-menu'

import type { Task } from '../queries'

const EditDialog = lazy(() =>
  import('./edit-dialog').then(({ EditDialog }) => ({ default: EditDialog })),
)
const SnippetDialog = lazy(() =>
  import('./snippet-dialog').then(({ SnippetDialog }) => ({
    default: SnippetDialog,
  })),
)

/** Less common actions on a task. */
export function TaskMenu({ task }: { task: Task }) {
  const [opened, setOpened] = useState<'edit' | 'snippet'>()
  const close = () => {
    setOpened(undefined)
  }
  return (
    <>
      <DropdownMenu>
        <DropdownMenuTrigger asChild>
          <Button variant="outline" size="icon" aria-label="More actions">
            <EllipsisIcon />
          </Button>
        </DropdownMenuTrigger>
        <DropdownMenuContent align="end">
          <DropdownMenuItem
            onSelect={() => {
              setOpened('edit')
            }}
          >
            <PencilIcon />
            Edit and run again
          </DropdownMenuItem>
          <DropdownMenuItem
            onSelect={() => {
              setOpened('snippet')
            }}
          >
            <CodeXmlIcon />
            Copy as code
          </DropdownMenuItem>
        </DropdownMenuContent>
      </DropdownMenu>
      <Suspense fallback={null}>
        {opened === 'edit' && <EditDialog task={task} onClose={close} />}
        {opened === 'snippet' && <SnippetDialog task={task} onClose={close} />}
      </Suspense>
    </>
  )
}
