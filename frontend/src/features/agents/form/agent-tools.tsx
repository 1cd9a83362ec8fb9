import { useController } from 'react-hook-form'

import { ToolsField } from '../tools/tools-field'
import type { AgentFormControls } from './agent-schema'

type AgentToolsProps = { form: AgentFormControls; agent: number | undefined }

export function AgentTools({ form, agent }: AgentToolsProps) {
  const { field } = useController({ control: form.control, name: 'tools' })
  const error = form.formState.errors.tools
  return (
    <ToolsField
      agent={agent}
      value={field.value}
      onChange={field.onChange}
      error={error?.message ?? error?.root?.message}
      errors={field.value.map((_, index) => firstMessage(error?.[index]))}
    />
  )
}

/** The first error in the settings of an entry. */
function firstMessage(errors: object | undefined): string | undefined {
  const found: unknown[] = Object.values(errors ?? {})
  const messages = found.flatMap((each) =>
    each && typeof each === 'object' && 'message' in each ? each.message : [],
  )
  return messages.find((each) => typeof each === 'string')
}
