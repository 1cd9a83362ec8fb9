import { Link } from '@tanstack/react-router'

import type { Task } from '../queries'

type ErrorCode = Task['error_code']
/** The codes of failed tasks: a task with one of the others has not failed. */
type FailureCode = Exclude<ErrorCode, '' | 'cancelled' | 'agent_deleted'>

/** What to do about each failure. The task's own `error_detail` says what happened. */
const ADVICE: Record<FailureCode, string> = {
  provider_auth:
    'Set a valid key for this provider or choose another model for the agent, then retry.',
  provider_rate_limited: 'Retry later, or add a fallback model to the agent.',
  provider_unavailable: 'Retry later, or add a fallback model to the agent.',
  provider_timeout: 'Retry, or add a fallback model to the agent.',
  provider_bad_request: 'Change the agent’s model or settings.',
  context_too_long:
    'Shorten the input, start a new conversation, or choose a model with a larger context.',
  provider_no_credit:
    'Add credit to the provider’s account or choose another model for the agent, then retry.',
  tools_not_supported:
    'Choose another model for the agent, or remove its tools.',
  unsupported_parameter: 'Change the agent’s settings for this model.',
  provider_certificate:
    'Ask your operator to make the server trust the provider’s certificate, then retry.',
  provider_protocol:
    'Retry. If it happens again, check the provider’s base URL and the model’s name.',
  model_not_found: 'Choose another model for the agent, then run it again.',
  model_unavailable: 'Choose another model for the agent, then run it again.',
  timeout:
    'Retry to continue after the last step, or raise the agent’s timeout.',
  max_steps:
    'Raise the agent’s step limit, or make the input or the instructions clearer.',
  worker_lost: 'Check the workers’ logs and memory, then retry.',
  tool_outcome_unknown:
    'Retry to let the agent continue with the outcome that you gave.',
  tool_not_allowed: 'Change the agent’s tools, then run it again.',
  internal_error: 'Retry. If it happens again, check the server’s log.',
  not_storable: 'Retry. If it happens again, check the server’s log.',
  failed_by_operator: 'Ask your operator why, then retry.',
}

/** Why a task failed, and what to do about it. */
export function TaskFailure({ task }: { task: Task }) {
  if (task.status !== 'failed') return null
  const advice = (ADVICE as Partial<Record<ErrorCode, string>>)[task.error_code]
  return (
    <div
      role="alert"
      className="rounded-b-2xl border-t bg-failed/8 px-4 py-3 text-sm sm:px-5"
    >
      <p className="font-medium wrap-anywhere text-failed">
        {task.error_detail || 'The task failed.'}
      </p>
      {task.error_provider_message && (
        <blockquote
          aria-label="The provider’s message"
          className="mt-1 border-l-2 border-failed/40 pl-3 wrap-anywhere whitespace-pre-wrap"
        >
          {task.error_provider_message}
        </blockquote>
      )}
      {advice && (
        <p className="mt-1">
          {advice}{' '}
          <Link
            to="/agents/$agentId"
            params={{ agentId: String(task.agent) }}
            className="font-medium text-brand underline-offset-4 hover:underline touch:hit-area"
          >
            Open the agent
          </Link>
        </p>
      )}
      {task.error_code && (
        <p className="mt-1 font-mono text-xs text-muted-foreground">
          {task.error_code}
        </p>
      )}
    </div>
  )
}
