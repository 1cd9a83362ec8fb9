import type { UseFormReturn } from 'react-hook-form'
import * as z from 'zod/mini'

import { readObject } from '@/lib/json'

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

const REASONING_EFFORTS = [
  'none',
  'minimal',
  'low',
  'medium',
  'high',
  'xhigh',
  'max',
] as const

/** How long a model thinks; empty for the provider's default. */
export const EFFORT_CHOICES = ['', ...REASONING_EFFORTS] as const

/** One text a line; a line end in a text is written as `\n`. */
const linesOf = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) =>
      line.replaceAll(/\\([\\n])/g, (_, mark) => (mark === 'n' ? '\n' : '\\')),
    )

const textOf = (lines: string[]) =>
  lines
    .map((line) => line.replaceAll('\\', '\\\\').replaceAll('\n', '\\n'))
    .join('\n')

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
  top_p: z.nullable(
    z.number().check(z.minimum(0, 'At least 0.'), z.maximum(1, 'At most 1.')),
  ),
  reasoning_effort: z.enum(EFFORT_CHOICES),
  seed: z.nullable(
    wholeNumber.check(
      z.minimum(0, 'At least 0.'),
      z.maximum(2 ** 31 - 1, 'At most 2,147,483,647.'),
    ),
  ),
  stop: z
    .string()
    .check(
      z.refine((text) => linesOf(text).length <= 4, 'Use at most four texts.'),
    ),
  parallel_tool_calls: z.nullable(z.boolean()),
  extra_body: z
    .string()
    .check(
      z.refine(
        (text) => !text.trim() || readObject(text) !== undefined,
        'Enter a JSON object.',
      ),
    ),
  max_steps: wholeNumber.check(
    z.minimum(1, 'At least one.'),
    z.maximum(1000, 'At most 1,000.'),
  ),
  step_timeout: seconds,
  timeout: seconds,
  tools: toolEntries,
})

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
  top_p: null,
  reasoning_effort: '',
  seed: null,
  stop: '',
  parallel_tool_calls: null,
  extra_body: '',
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
  const { top_p, reasoning_effort, seed, parallel_tool_calls } = agent
  const { max_steps, step_timeout, timeout } = agent
  return {
    name,
    description,
    instructions,
    model,
    fallback_models,
    temperature,
    max_output_tokens,
    top_p,
    reasoning_effort,
    seed,
    stop: textOf(agent.stop),
    parallel_tool_calls,
    extra_body: objectText(agent.extra_body),
    max_steps,
    step_timeout,
    timeout,
    tools: toolEntries.parse(agent.tools),
  }
}

const objectText = (value: object) =>
  Object.keys(value).length > 0 ? JSON.stringify(value, null, 2) : ''

/** What the API gets of the form's values. */
export const agentRequest = (values: AgentValues) =>
  ({
    ...values,
    stop: linesOf(values.stop),
    extra_body: readObject(values.extra_body) ?? {},
  }) satisfies AgentRequest
