import { Controller, useController } from 'react-hook-form'

import { Field } from '@/components/ui/field'
import { Input, Textarea } from '@/components/ui/input'

import type { AgentFormControls } from './agent-schema'
import { ModelPicker, useDefaultModel } from './model-picker'

/** The name, the model and the instructions of the agent. */
export function AgentIdentity({ form }: { form: AgentFormControls }) {
  const { errors } = form.formState
  return (
    <div className="space-y-5">
      <Field label="Name" error={errors.name?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('name')}
            autoComplete="off"
            placeholder="Release notes writer"
          />
        )}
      </Field>
      <Field
        label="Description"
        aside={<span className="text-xs text-muted-foreground">Optional</span>}
        error={errors.description?.message}
      >
        {(control) => (
          <Textarea
            {...control}
            {...form.register('description')}
            rows={2}
            className="field-sizing-content max-h-60 min-h-16 resize-y"
            placeholder="What it is good for"
          />
        )}
      </Field>
      <Model form={form} />
      <Controller
        control={form.control}
        name="instructions"
        render={({ field, fieldState }) => (
          <Field
            label="Instructions"
            hint="The system prompt: the agent’s role, its task and the style of its answers."
            aside={
              <span className="text-xs text-muted-foreground tabular">
                {field.value.length.toLocaleString('en')} characters
              </span>
            }
            error={fieldState.error?.message}
          >
            {(control) => (
              <Textarea
                {...control}
                {...field}
                rows={10}
                className="field-sizing-content max-h-[50dvh] min-h-48 resize-y"
                placeholder="You are a …"
              />
            )}
          </Field>
        )}
      />
    </div>
  )
}

function Model({ form }: { form: AgentFormControls }) {
  const { field, fieldState } = useController({
    control: form.control,
    name: 'model',
  })
  useDefaultModel(field.value, field.onChange)
  return (
    <Field label="Model" error={fieldState.error?.message}>
      {(control) => (
        <ModelPicker
          control={control}
          value={field.value}
          onChange={field.onChange}
        />
      )}
    </Field>
  )
}
