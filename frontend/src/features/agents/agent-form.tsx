import { zodResolver } from '@hookform/resolvers/zod'
import { LoaderCircleIcon } from 'lucide-react'
import { Controller, useForm } from 'react-hook-form'
import type { UseFormReturn } from 'react-hook-form'
import { toast } from 'sonner'

import { Button } from '@/components/ui/button'
import { DialogClose } from '@/components/ui/dialog'
import { Field } from '@/components/ui/field'
import { Input, Textarea } from '@/components/ui/input'
import { showProblem } from '@/lib/form-errors'

import { AGENT_FIELDS, agentSchema } from './agent-schema'
import type { AgentValues } from './agent-schema'
import { AgentSettings } from './agent-settings'
import { ModelPicker } from './model-picker'

type AgentFormProps = {
  values: AgentValues
  submitLabel: string
  onSave: (values: AgentValues) => Promise<unknown>
}

export type AgentFormControls = UseFormReturn<AgentValues>

/** The definition of an agent. What the server refuses is shown on its field. */
export function AgentForm({ values, submitLabel, onSave }: AgentFormProps) {
  const form = useForm<AgentValues>({
    resolver: zodResolver(agentSchema),
    defaultValues: values,
  })
  const { isSubmitting } = form.formState

  const submit = form.handleSubmit(async (body) => {
    try {
      await onSave(body)
    } catch (error) {
      const message = showProblem(error, form.setError, AGENT_FIELDS)
      if (message) toast.error(message)
    }
  })

  return (
    <form
      noValidate
      className="flex min-h-0 flex-1 flex-col"
      onSubmit={(event) => void submit(event)}
    >
      <div className="min-h-0 flex-1 space-y-5 overflow-y-auto px-5 py-5 sm:px-6">
        <Identity form={form} />
        <AgentSettings form={form} />
      </div>
      <footer className="flex justify-end gap-2 border-t px-5 py-3.5 sm:px-6">
        <DialogClose asChild>
          <Button variant="outline">Cancel</Button>
        </DialogClose>
        <Button type="submit" aria-disabled={isSubmitting}>
          {isSubmitting && <LoaderCircleIcon className="animate-spin" />}
          {submitLabel}
        </Button>
      </footer>
    </form>
  )
}

function Identity({ form }: { form: AgentFormControls }) {
  const { errors } = form.formState
  return (
    <>
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
          <Input
            {...control}
            {...form.register('description')}
            autoComplete="off"
            placeholder="What it is good for"
          />
        )}
      </Field>
      <Controller
        control={form.control}
        name="model"
        render={({ field, fieldState }) => (
          <Field label="Model" error={fieldState.error?.message}>
            {(control) => (
              <ModelPicker
                control={control}
                value={field.value}
                onChange={field.onChange}
              />
            )}
          </Field>
        )}
      />
      <Field
        label="Instructions"
        hint="The system prompt: who it is, what it does, how it answers."
        error={errors.instructions?.message}
      >
        {(control) => (
          <Textarea
            {...control}
            {...form.register('instructions')}
            rows={7}
            className="field-sizing-content max-h-96 min-h-40 resize-y"
            placeholder="You are a …"
          />
        )}
      </Field>
    </>
  )
}
