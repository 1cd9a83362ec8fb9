import { toast } from 'sonner'

import { Dialog, DialogContent } from '@/components/ui/dialog'

import { useCreateAgent, useUpdateAgent } from '../queries'
import type { Agent } from '../queries'
import { AgentForm } from './agent-form'
import { agentRequest, agentValues } from './agent-schema'
import type { AgentValues } from './agent-schema'

/** The agent that is being created or edited. */
export type AgentDraft =
  | { kind: 'new' }
  | { kind: 'copy'; agent: Agent }
  | { kind: 'edit'; agent: Agent }

type AgentDialogProps = {
  draft: AgentDraft | undefined
  onClose: () => void
  onCreated?: (agent: Agent) => void
}

const TEXTS = {
  new: {
    title: 'New agent',
    description: 'Define it once, then run it from anywhere.',
    submit: 'Create agent',
  },
  copy: {
    title: 'Duplicate agent',
    description: 'Creates a new agent with the same definition.',
    submit: 'Create agent',
  },
  edit: {
    title: 'Edit agent',
    description:
      'New tasks use the new definition. Existing tasks keep theirs.',
    submit: 'Save changes',
  },
}

function initialValues(draft: AgentDraft): AgentValues {
  if (draft.kind === 'new') return agentValues(undefined)
  const values = agentValues(draft.agent)
  return draft.kind === 'copy'
    ? { ...values, name: `${values.name.slice(0, 93)} (copy)` }
    : values
}

export function AgentDialog({ draft, onClose, onCreated }: AgentDialogProps) {
  return (
    <Dialog
      open={draft !== undefined}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose()
      }}
    >
      {draft && (
        <AgentDialogContent
          draft={draft}
          onClose={onClose}
          {...(onCreated ? { onCreated } : {})}
        />
      )}
    </Dialog>
  )
}

function AgentDialogContent({
  draft,
  onClose,
  onCreated,
}: AgentDialogProps & { draft: AgentDraft }) {
  const createAgent = useCreateAgent()
  const updateAgent = useUpdateAgent()
  const { title, description, submit } = TEXTS[draft.kind]

  const save = async (values: AgentValues) => {
    const body = agentRequest(values)
    if (draft.kind === 'edit') {
      const { id } = draft.agent
      await updateAgent.mutateAsync({ params: { path: { id } }, body })
      toast.success('Changes saved.')
      onClose()
    } else {
      const agent = await createAgent.mutateAsync({ body })
      toast.success(`${agent.name} was created.`)
      onClose()
      onCreated?.(agent)
    }
  }

  return (
    <DialogContent
      title={title}
      description={description}
      className="sm:max-w-2xl"
    >
      <AgentForm
        agent={draft.kind === 'edit' ? draft.agent.id : undefined}
        values={initialValues(draft)}
        submitLabel={submit}
        onSave={save}
      />
    </DialogContent>
  )
}
