import { zodResolver } from '@hookform/resolvers/zod'
import { LoaderCircleIcon } from 'lucide-react'
import { useForm } from 'react-hook-form'
import { toast } from 'sonner'

import { Button } from '@/components/ui/button'
import { DialogClose } from '@/components/ui/dialog'
import { showProblem } from '@/lib/form-errors'

import { AgentIdentity } from './agent-identity'
import { AgentLimits } from './agent-limits'
import { AGENT_FIELDS, agentSchema } from './agent-schema'
import type { AgentValues } from './agent-schema'
import { AgentSettings } from './agent-settings'
import { AgentTools } from './agent-tools'

type AgentFormProps = {
  /** The agent that is changed, where it is not a new one. */
  agent: number | undefined
  values: AgentValues
  submitLabel: string
  onSave: (values: AgentValues) => Promise<unknown>
}

/** The definition of an agent. What the server refuses is shown on its field. */
export function AgentForm(props: AgentFormProps) {
  const { agent, values, submitLabel, onSave } = props
  const form = useForm<AgentValues>({
    resolver: zodResolver(agentSchema),
    defaultValues: values,
  })
  const { isSubmitting } = form.formState

  const submit = form.handleSubmit(async (body) => {
    try {
      await onSave(body)
    } catch (error) {
      const message = showProblem(error, form.setError, AGENT_FIELDS)
      if (message) toast.error(message)
    }
  })

  return (
    <form
      noValidate
      className="flex min-h-0 flex-1 flex-col"
      onSubmit={(event) => void submit(event)}
    >
      <div className="min-h-0 flex-1 space-y-6 overflow-y-auto overscroll-contain px-5 py-5 sm:px-6">
        <AgentIdentity form={form} />
        <AgentTools form={form} agent={agent} />
        <AgentSettings form={form} />
        <AgentLimits form={form} />
      </div>
      <footer className="flex justify-end gap-2 border-t px-5 py-3.5 sm:px-6">
        <DialogClose asChild>
          <Button variant="outline">Cancel</Button>
        </DialogClose>
        <Button type="submit" aria-disabled={isSubmitting}>
          {isSubmitting && <LoaderCircleIcon className="animate-spin" />}
          {submitLabel}
        </Button>
      </footer>
    </form>
  )
}
