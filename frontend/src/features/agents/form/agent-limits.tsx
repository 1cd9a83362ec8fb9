import { PlusIcon, XIcon } from 'lucide-react'
import { useController } from 'react-hook-form'

import { Button } from '@/components/ui/button'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'

import type { AgentFormControls } from './agent-schema'
import { ModelPicker } from './model-picker'

const MAX_FALLBACKS = 5

const LIMITS = [
  {
    name: 'max_steps',
    label: 'Steps',
    hint: 'Maximum model responses per task.',
  },
  {
    name: 'step_timeout',
    label: 'Step timeout',
    hint: 'Maximum seconds per model response.',
  },
  {
    name: 'timeout',
    label: 'Timeout',
    hint: 'Maximum seconds per attempt.',
  },
] as const

/** The limits of a task, and the models to fall back to. */
export function AgentLimits({ form }: { form: AgentFormControls }) {
  const { errors } = form.formState
  return (
    <>
      <div className="grid gap-5 sm:grid-cols-3">
        {LIMITS.map(({ name, label, hint }) => (
          <Field
            key={name}
            label={label}
            hint={hint}
            error={errors[name]?.message}
          >
            {(control) => (
              <Input
                {...control}
                {...form.register(name, { valueAsNumber: true })}
                type="number"
                inputMode="numeric"
                min={1}
              />
            )}
          </Field>
        ))}
      </div>
      <FallbackModels form={form} />
    </>
  )
}

function FallbackModels({ form }: { form: AgentFormControls }) {
  const { field } = useController({
    control: form.control,
    name: 'fallback_models',
  })
  const error = form.formState.errors.fallback_models
  const models = field.value
  const messages = [
    error?.message,
    ...models.map((_, i) => error?.[i]?.message),
  ]
  const message = messages.find(Boolean)

  return (
    <fieldset className="space-y-2">
      <legend className="text-sm font-medium">Fallback models</legend>
      <p className="text-xs text-muted-foreground">
        Tried in this order when a model is not available.
      </p>
      {models.map((model, index) => (
        // The rows have no identity other than their position.
        <div key={index} className="flex items-center gap-2">
          <div className="min-w-0 flex-1">
            <ModelPicker
              label={`Fallback ${index + 1}`}
              value={model}
              onChange={(next) => {
                field.onChange(models.with(index, next))
              }}
            />
          </div>
          <Button
            variant="ghost"
            size="icon"
            aria-label={`Remove fallback ${index + 1}`}
            className="text-muted-foreground"
            onClick={() => {
              field.onChange(models.toSpliced(index, 1))
            }}
          >
            <XIcon />
          </Button>
        </div>
      ))}
      {message && (
        <p role="alert" className="text-xs text-destructive">
          {message}
        </p>
      )}
      {models.length < MAX_FALLBACKS && (
        <Button
          variant="outline"
          size="small"
          onClick={() => {
            field.onChange([...models, ''])
          }}
        >
          <PlusIcon />
          Add a fallback
        </Button>
      )}
    </fieldset>
  )
}
