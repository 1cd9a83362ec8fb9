import { Controller } from 'react-hook-form'

import { Field } from '@/components/ui/field'
import { Input, Textarea } from '@/components/ui/input'
import { Select } from '@/components/ui/select'

import { EFFORT_CHOICES } from './agent-schema'
import type { AgentFormControls } from './agent-schema'

type MoreSettingsProps = { form: AgentFormControls }

const asNumber = (text: unknown) =>
  text === '' || text === null ? null : Number(text)

const PROVIDER_DEFAULT = 'Provider default'

const SETTINGS = [
  'top_p',
  'reasoning_effort',
  'seed',
  'stop',
  'parallel_tool_calls',
  'extra_body',
] as const

/** The parameters of model calls that few agents need. Open if one of them is wrong. */
export function MoreSettings({ form }: MoreSettingsProps) {
  const { errors } = form.formState
  const isWrong = SETTINGS.some((name) => errors[name])
  return (
    <details {...(isWrong ? { open: true } : {})}>
      <summary className="w-fit cursor-pointer rounded-sm text-sm font-medium">
        More settings
      </summary>
      <p className="mt-1 text-xs text-muted-foreground">
        Empty means the provider’s default. A setting that a model does not
        accept is left out.
      </p>
      <div className="mt-4 grid gap-5 sm:grid-cols-2">
        <Numbers form={form} />
        <ReasoningEffort form={form} />
        <ParallelToolCalls form={form} />
      </div>
      <div className="mt-5 space-y-5">
        <Texts form={form} />
      </div>
    </details>
  )
}

function Numbers({ form: { register, formState } }: MoreSettingsProps) {
  const { errors } = formState
  return (
    <>
      <Field
        label="Top P"
        hint="0 to 1. Change it or the temperature, not both."
        error={errors.top_p?.message}
      >
        {(control) => (
          <Input
            {...control}
            {...register('top_p', { setValueAs: asNumber })}
            type="number"
            inputMode="decimal"
            min={0}
            max={1}
            step={0.05}
            placeholder={PROVIDER_DEFAULT}
          />
        )}
      </Field>
      <Field
        label="Seed"
        hint="Makes answers repeat, as far as the provider can."
        error={errors.seed?.message}
      >
        {(control) => (
          <Input
            {...control}
            {...register('seed', { setValueAs: asNumber })}
            type="number"
            inputMode="numeric"
            min={0}
            placeholder="Random"
          />
        )}
      </Field>
    </>
  )
}

function ReasoningEffort({ form: { register, formState } }: MoreSettingsProps) {
  return (
    <Field
      label="Reasoning effort"
      hint="How long a reasoning model thinks."
      error={formState.errors.reasoning_effort?.message}
    >
      {(control) => (
        <Select {...control} {...register('reasoning_effort')}>
          {EFFORT_CHOICES.map((effort) => (
            <option key={effort} value={effort}>
              {effort || PROVIDER_DEFAULT}
            </option>
          ))}
        </Select>
      )}
    </Field>
  )
}

function ParallelToolCalls({ form }: MoreSettingsProps) {
  return (
    <Controller
      control={form.control}
      name="parallel_tool_calls"
      render={({ field: { value, onChange }, fieldState }) => (
        <Field
          label="Parallel tool calls"
          hint="Whether one response may call several tools."
          error={fieldState.error?.message}
        >
          {(control) => (
            <Select
              {...control}
              value={String(value ?? '')}
              onChange={({ target }) => {
                onChange(target.value ? target.value === 'true' : null)
              }}
            >
              <option value="">{PROVIDER_DEFAULT}</option>
              <option value="true">Allowed</option>
              <option value="false">One at a time</option>
            </Select>
          )}
        </Field>
      )}
    />
  )
}

function Texts({ form: { register, formState } }: MoreSettingsProps) {
  const { errors } = formState
  return (
    <>
      <Field
        label="Stop texts"
        hint="Up to four, one a line; write \n for a line end. The model stops before it writes one of them."
        error={errors.stop?.message}
      >
        {(control) => (
          <Textarea
            {...control}
            {...register('stop')}
            spellCheck={false}
            className="field-sizing-content min-h-16 font-mono sm:text-xs"
          />
        )}
      </Field>
      <Field
        label="Extra parameters"
        hint="A JSON object with more parameters of the provider’s API, for OpenAI-compatible servers and Anthropic."
        error={errors.extra_body?.message}
      >
        {(control) => (
          <Textarea
            {...control}
            {...register('extra_body')}
            spellCheck={false}
            placeholder='{"top_k": 20}'
            className="field-sizing-content max-h-72 min-h-16 font-mono sm:text-xs"
          />
        )}
      </Field>
    </>
  )
}
