import type { UseFormReturn } from 'react-hook-form'
import * as z from 'zod/mini'

import type { Agent, AgentRequest } from '../queries'
import { toolEntries } from '../tools/tool-entries'

const text = (limit: number, shown: string) =>
  z.string().check(z.maxLength(limit, `Use at most ${shown} characters.`))

const wholeNumber = z.int('Enter a whole number.')

const seconds = wholeNumber.check(
  z.minimum(1, 'At least one second.'),
  z.maximum(86_400, 'At most 86,400 seconds (one day).'),
)

const model = z.string().check(z.trim(), z.minLength(1, 'Choose a model.'))

export const agentSchema = z.object({
  name: text(100, '100').check(z.trim(), z.minLength(1, 'Enter a name.')),
  description: text(10_000, '10,000').check(z.trim()),
  instructions: text(100_000, '100,000'),
  model,
  fallback_models: z
    .array(model)
    .check(z.maxLength(5, 'Use at most five models.')),
  temperature: z.nullable(z.number()),
  max_output_tokens: z.nullable(
    wholeNumber.check(
      z.minimum(1, 'At least 1.'),
      z.maximum(1_000_000, 'At most 1,000,000.'),
    ),
  ),
  max_steps: wholeNumber.check(
    z.minimum(1, 'At least one.'),
    z.maximum(1000, 'At most 1,000.'),
  ),
  step_timeout: seconds,
  timeout: seconds,
  tools: toolEntries,
}) satisfies z.ZodMiniType<AgentRequest>

export type AgentValues = z.infer<typeof agentSchema>
export type AgentFormControls = UseFormReturn<AgentValues>

export const AGENT_FIELDS = z.keyof(agentSchema).options

/** The server's default. */
export const DEFAULT_TEMPERATURE = 0.7

const NEW_AGENT: AgentValues = {
  name: '',
  description: '',
  instructions: '',
  model: '',
  fallback_models: [],
  temperature: DEFAULT_TEMPERATURE,
  max_output_tokens: null,
  max_steps: 20,
  step_timeout: 300,
  timeout: 600,
  tools: [],
}

/** The initial values of the form: those of an agent, or the defaults. */
export function agentValues(agent: Agent | undefined): AgentValues {
  if (!agent) return NEW_AGENT
  const { name, description, instructions, model, fallback_models } = agent
  const { temperature, max_output_tokens } = agent
  const { max_steps, step_timeout, timeout } = agent
  return {
    name,
    description,
    instructions,
    model,
    fallback_models,
    temperature,
    max_output_tokens,
    max_steps,
    step_timeout,
    timeout,
    tools: toolEntries.parse(agent.tools),
  }
}
