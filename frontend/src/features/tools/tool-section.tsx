import { useInfiniteQuery } from '@tanstack/react-query'
import { PlusIcon } from 'lucide-react'
import { useState } from 'react'
import type { ReactNode } from 'react'

import { LoadMore } from '@/components/load-more'
import { Section } from '@/components/section'
import { Button } from '@/components/ui/button'
import { Dialog, DialogContent } from '@/components/ui/dialog'
import { rowsOf } from '@/lib/api/pages'
import type { PagesOptions } from '@/lib/api/pages'

import { ToolList } from './tool-list'

type ToolSectionProps<Row> = {
  title: string
  query: PagesOptions<Row>
  empty: ReactNode
  dialog: { add: string; edit: string; description: string; className?: string }
  /** The form for a new row or for one that exists. */
  form: (row: Row | undefined, onSaved: () => void) => ReactNode
  /** How a row is listed. */
  children: (row: Row, onEdit: () => void) => ReactNode
}

/** The definitions of one kind that the user owns: listed, added and edited. */
export function ToolSection<Row>({
  title,
  query: options,
  empty,
  dialog,
  form,
  children,
}: ToolSectionProps<Row>) {
  const query = useInfiniteQuery(options)
  const [draft, setDraft] = useState<{ row: Row | undefined }>()
  const close = () => {
    setDraft(undefined)
  }
  return (
    <Section
      title={title}
      aside={
        <Button
          size="small"
          onClick={() => {
            setDraft({ row: undefined })
          }}
        >
          <PlusIcon />
          {dialog.add}
        </Button>
      }
    >
      <ToolList
        label={title}
        rows={query.data && rowsOf(query.data).rows}
        error={query.error}
        onRetry={() => void query.refetch()}
        empty={empty}
      >
        {(row) =>
          children(row, () => {
            setDraft({ row })
          })
        }
      </ToolList>
      <LoadMore query={query} />
      <Dialog
        open={draft !== undefined}
        onOpenChange={(isOpen) => {
          if (!isOpen) close()
        }}
      >
        {draft && (
          <DialogContent
            title={draft.row ? dialog.edit : dialog.add}
            description={dialog.description}
            {...(dialog.className ? { className: dialog.className } : {})}
          >
            {form(draft.row, close)}
          </DialogContent>
        )}
      </Dialog>
    </Section>
  )
}
