import type { Task } from '../queries'

/** The codes of failures that a retry only repeats: something has to be changed first. */
const FAILS_AGAIN = new Set<Task['error_code']>([
  'context_too_long',
  'max_steps',
  'model_not_found',
  'model_unavailable',
  'provider_bad_request',
  'tool_not_allowed',
  'tools_not_supported',
  'unsupported_parameter',
])

/** Whether retrying a task, with the same agent version and input, fails again. */
export const failsAgain = ({ error_code }: Pick<Task, 'error_code'>) =>
  FAILS_AGAIN.has(error_code)
