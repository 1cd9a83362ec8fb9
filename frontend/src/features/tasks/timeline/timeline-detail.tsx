import type { ReactNode } from 'react'

import { CodeBlock } from '@/components/code-block'
import { formatCost, formatNumber } from '@/lib/format'
import { layOut } from '@/lib/json'

import { Answer } from '../output/answer'
import { Reasoning } from '../output/reasoning'
import type { Step } from '../queries'
import type { Line } from './timeline'

/** What went into a line of the timeline, and what came out of it. */
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

function ResponseDetail({ line: { step, said } }: DetailProps<'response'>) {
  const reasoning = textIn(step, 'reasoning') || said?.reasoning
  const text = textIn(step, 'text') || said?.text
  return (
    <>
      {step && <Usage step={step} />}
      <Reasoning text={reasoning ?? ''} />
      {text ? (
        <Answer text={text} className="text-sm" />
      ) : (
        <p className="text-sm text-muted-foreground">It said nothing.</p>
      )}
    </>
  )
}

function Usage({ step }: { step: Step }) {
  return (
    <dl className="flex flex-wrap gap-x-6 gap-y-2 text-xs">
      <Amount label="Tokens in">
        {formatNumber(step.input_tokens)}
        {step.cached_input_tokens > 0 &&
          `, ${formatNumber(step.cached_input_tokens)} of them cached`}
      </Amount>
      <Amount label="Tokens out">
        {formatNumber(step.output_tokens)}
        {step.reasoning_tokens > 0 &&
          `, ${formatNumber(step.reasoning_tokens)} of them reasoning`}
      </Amount>
      {step.cost !== null && (
        <Amount label="Cost">{formatCost(step.cost, true)}</Amount>
      )}
      <Amount label="Ended with">{step.finish_reason || '–'}</Amount>
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

/** The whole result, which the log holds only the beginning of. */
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
        <p className="text-sm text-muted-foreground">
          It has not returned anything.
        </p>
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
      <CodeBlock text={layOut(text)} label={label} />
    </div>
  )
}
