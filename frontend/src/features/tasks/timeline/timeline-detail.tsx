import type { ReactNode } from 'react'

import { CodeBlock } from '@/components/code-block'
import { formatNumber } from '@/lib/format'
import { formatCost, formatTokens } from '@/lib/format-usage'
import { formatJson } from '@/lib/json'

import { Answer } from '../output/answer'
import { Reasoning } from '../output/reasoning'
import type { Step } from '../queries'
import type { Line } from './timeline'

/** The details of a model response or of a tool call. */
export function LineDetail({ line }: { line: Line }) {
  return (
    <div className="space-y-3 border-t bg-muted/25 px-4 py-3 sm:pl-10">
      {line.kind === 'response' && <ResponseDetail line={line} />}
      {line.kind === 'call' && <CallDetail line={line} />}
    </div>
  )
}

const textIn = (step: Step | undefined, type: 'text' | 'reasoning') =>
  step?.message.parts
    .flatMap((part) => (part.type === type ? [part.text] : []))
    .join('') ?? ''

type DetailProps<Kind> = { line: Extract<Line, { kind: Kind }> }

function ResponseDetail({ line: { step, streamed } }: DetailProps<'response'>) {
  const reasoning = textIn(step, 'reasoning') || streamed?.reasoning
  const text = textIn(step, 'text') || streamed?.text
  return (
    <>
      {step && <Usage step={step} />}
      <Reasoning text={reasoning ?? ''} />
      {text ? (
        <Answer text={text} className="text-sm" />
      ) : (
        <p className="text-sm text-muted-foreground">The response is empty.</p>
      )}
    </>
  )
}

function Usage({ step }: { step: Step }) {
  const isEstimate = step.usage_is_estimated
  return (
    <dl className="flex flex-wrap gap-x-6 gap-y-2 text-xs">
      <Amount label="Input tokens">
        {formatTokens(step.input_tokens, isEstimate)}
        {step.cached_input_tokens > 0 &&
          `, ${formatNumber(step.cached_input_tokens)} cached`}
      </Amount>
      <Amount label="Output tokens">
        {formatTokens(step.output_tokens, isEstimate)}
        {step.reasoning_tokens > 0 &&
          `, ${formatNumber(step.reasoning_tokens)} reasoning`}
      </Amount>
      {step.cost !== null && (
        <Amount label="Cost">{formatCost(step.cost, { isEstimate })}</Amount>
      )}
      <Amount label="Finish reason">{step.finish_reason || '–'}</Amount>
      <Amount label="Attempt">{step.attempt}</Amount>
    </dl>
  )
}

type AmountProps = { label: string; children: ReactNode }

function Amount({ label, children }: AmountProps) {
  return (
    <div>
      <dt className="text-muted-foreground">{label}</dt>
      <dd className="tabular">{children}</dd>
    </div>
  )
}

/** The complete result, of which the log has only the beginning. */
function storedResult(step: Step | undefined, id: string) {
  const results = step?.message.parts.flatMap((part) =>
    part.type === 'tool_result' && part.tool_call_id === id ? [part] : [],
  )
  return results?.[0]?.content
}

function CallDetail({ line: { call, step } }: DetailProps<'call'>) {
  const result = storedResult(step, call.id) ?? call.result?.text
  return (
    <>
      <LabelledCode label="Arguments" text={call.arguments} />
      {result === undefined ? (
        <p className="text-sm text-muted-foreground">No result.</p>
      ) : (
        <LabelledCode
          label={call.result?.isError ? 'Error' : 'Result'}
          text={result}
        />
      )}
    </>
  )
}

function LabelledCode({ label, text }: { label: string; text: string }) {
  return (
    <div className="space-y-1">
      <p className="text-xs text-muted-foreground">{label}</p>
      <CodeBlock text={formatJson(text)} label={label} />
    </div>
  )
}
