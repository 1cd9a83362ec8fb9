import type { Schemas } from '@/lib/api/client'

const TIME = '2026-05-04T10:00:00Z'

export const makeUser = (
  fields: Partial<Schemas['User']> = {},
): Schemas['User'] => ({
  id: 1,
  username: 'alice',
  email: '',
  is_staff: false,
  date_joined: TIME,
  ...fields,
})

export const makeAgent = (
  fields: Partial<Schemas['Agent']> = {},
): Schemas['Agent'] => ({
  id: 1,
  name: 'Assistant',
  description: 'Answers questions.',
  instructions: 'You are helpful.',
  model: 'builtin:smollm2',
  temperature: null,
  top_p: null,
  reasoning_effort: '',
  seed: null,
  stop: [],
  parallel_tool_calls: null,
  extra_body: {},
  max_output_tokens: null,
  timeout: 600,
  step_timeout: 120,
  max_steps: 20,
  fallback_models: [],
  tools: [],
  version: 1,
  tasks_count: 0,
  recent_tasks: [],
  created_at: TIME,
  updated_at: TIME,
  deleted_at: null,
  ...fields,
})

export const makeVersion = (
  fields: Partial<Schemas['AgentVersion']> = {},
): Schemas['AgentVersion'] => ({
  number: 1,
  created_at: TIME,
  instructions: 'You are helpful.',
  model: 'builtin:smollm2',
  temperature: null,
  top_p: null,
  reasoning_effort: '',
  seed: null,
  stop: [],
  parallel_tool_calls: null,
  extra_body: {},
  max_output_tokens: null,
  timeout: 600,
  step_timeout: 120,
  max_steps: 20,
  fallback_models: [],
  tools: [],
  protection_changes: [],
  ...fields,
})

export const makeTask = (
  fields: Partial<Schemas['TaskDetail']> = {},
): Schemas['TaskDetail'] => ({
  id: 1,
  agent: 1,
  agent_name: 'Assistant',
  agent_version: 1,
  status: 'completed',
  attempt: 1,
  steps_count: 1,
  priority: 0,
  run_after: null,
  parent: null,
  follows: null,
  wait: null,
  request_id: '',
  model: 'builtin:smollm2',
  input_text: 'Say hello',
  output_text: 'Hello',
  error_code: '',
  error_detail: '',
  error_provider_message: '',
  input_tokens: 12,
  output_tokens: 3,
  cost: '0.0000036',
  cost_is_complete: true,
  created_at: TIME,
  started_at: TIME,
  finished_at: TIME,
  ...fields,
})

const noFigures: Schemas['Figures'] = {
  completed: 0,
  failed: 0,
  cancelled: 0,
  input_tokens: 0,
  output_tokens: 0,
  cost: '0',
  cost_is_complete: true,
  latency_seconds: null,
  run_seconds: null,
}

/** A day without tasks, and a day with some. */
export function makeStats(
  fields: Partial<Schemas['Figures']> = {},
): Schemas['Stats'] {
  const total = { ...noFigures, ...fields }
  return {
    bucket: 'day',
    counted_until: null,
    total,
    series: [
      { start: '2026-05-03T00:00:00Z', ...noFigures },
      { start: '2026-05-04T00:00:00Z', ...total },
    ],
    agents: [{ agent: 1, agent_name: 'Assistant', ...total }],
  }
}

/** A model response, which took one second from that of its number. */
export const makeStep = (position: number): Schemas['Step'] => {
  const at = (second: number) =>
    new Date(Date.UTC(2026, 4, 4, 10, 0, second)).toISOString()
  return {
    position,
    kind: 'model_response',
    attempt: 1,
    model: 'openai:fake',
    finish_reason: 'stop',
    input_tokens: 3,
    output_tokens: 2,
    cached_input_tokens: 0,
    reasoning_tokens: 0,
    cost: '0',
    started_at: at(position),
    finished_at: at(position + 1),
    message: { role: 'assistant', parts: [] },
  }
}

/** The same task as lists show it. */
export const makeTaskRow = (
  fields: Partial<Schemas['TaskRow']> = {},
): Schemas['TaskRow'] => ({
  ...makeTask(),
  input_text: 'Say hello',
  input_is_truncated: false,
  ...fields,
})

export const makePage = <Row>(results: Row[], next: string | null = null) => ({
  count: results.length,
  count_is_exact: true,
  next,
  previous: null,
  results,
})

export const makeProblem = (
  status: number,
  code: string,
  detail: string,
  errors?: Record<string, { code: string; detail: string }[]>,
) => ({
  type: 'about:blank',
  title: 'Problem',
  status,
  code,
  detail,
  instance: '/',
  ...(errors ? { errors } : {}),
})

export const makeApproval = (
  fields: Partial<Schemas['Approval']> = {},
): Schemas['Approval'] => ({
  id: 5,
  task: 7,
  agent: 1,
  agent_name: 'Assistant',
  step: 1,
  tool_call_id: 'call-1',
  tool: 'send_mail',
  effect: 'write',
  arguments: '{"to": "bob@example.org"}',
  status: 'waiting',
  waits_for: 'approval',
  created_at: TIME,
  expires_at: null,
  decided_at: null,
  answer: '',
  is_error: false,
  ...fields,
})
