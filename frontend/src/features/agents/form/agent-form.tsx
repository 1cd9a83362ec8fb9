import { zodResolver } from '@hookform/resolvers/zod'
import { useForm } from 'react-hook-form'

import { FormFrame } from '@/components/form-frame'
import { useSubmit } from '@/lib/use-submit'

import { AgentIdentity } from './agent-identity'
import { AgentLimits } from './agent-limits'
import { AGENT_FIELDS, agentSchema } from './agent-schema'
import type { AgentValues } from './agent-schema'
import { AgentSettings } from './agent-settings'
import { AgentTools } from './agent-tools'
import { MoreSettings } from './more-settings'

type AgentFormProps = {
  /** The agent that is edited, unless it is a new one. */
  agent: number | undefined
  values: AgentValues
  submitLabel: string
  onSave: (values: AgentValues) => Promise<unknown>
}

/** The form for the definition of an agent. */
export function AgentForm(props: AgentFormProps) {
  const { agent, values, submitLabel, onSave } = props
  const form = useForm<AgentValues>({
    resolver: zodResolver(agentSchema),
    defaultValues: values,
  })
  const submit = useSubmit(form, AGENT_FIELDS, onSave)

  return (
    <FormFrame
      submitLabel={submitLabel}
      isBusy={form.formState.isSubmitting}
      onSubmit={submit}
    >
      <AgentIdentity form={form} />
      <AgentTools form={form} agent={agent} />
      <AgentSettings form={form} />
      <AgentLimits form={form} />
      <MoreSettings form={form} />
    </FormFrame>
  )
}
