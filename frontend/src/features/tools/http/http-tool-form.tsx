import { zodResolver } from '@hookform/resolvers/zod'
import { Controller, useForm } from 'react-hook-form'
import type { UseFormReturn } from 'react-hook-form'
import { toast } from 'sonner'

import { Field } from '@/components/ui/field'
import { Input, Textarea } from '@/components/ui/input'
import { Select } from '@/components/ui/select'
import { Switch } from '@/components/ui/switch'
import { showProblem } from '@/lib/form-errors'

import { FormFrame } from '../form-frame'
import { HeadersField } from '../headers-field'
import { useCreateHttpTool, useUpdateHttpTool } from '../queries'
import type { HttpTool } from '../queries'
import {
  EFFECTS,
  httpToolRequest,
  httpToolSchema,
  httpToolValues,
  METHODS,
} from '../tool-schema'
import type { HttpToolValues } from '../tool-schema'

type HttpToolFormProps = { tool: HttpTool | undefined; onSaved: () => void }

const FIELDS = [
  'name',
  'description',
  'method',
  'url_template',
  'parameters',
  'effect',
  'timeout',
] as const

export function HttpToolForm({ tool, onSaved }: HttpToolFormProps) {
  const createTool = useCreateHttpTool()
  const updateTool = useUpdateHttpTool()
  const form = useForm<HttpToolValues>({
    resolver: zodResolver(httpToolSchema),
    defaultValues: httpToolValues(tool),
  })

  const submit = form.handleSubmit(async (values) => {
    const body = httpToolRequest(values, tool)
    try {
      if (tool) {
        const params = { path: { id: tool.id } }
        await updateTool.mutateAsync({ params, body })
      } else {
        await createTool.mutateAsync({ body })
      }
    } catch (error) {
      const message = showProblem(error, form.setError, FIELDS)
      if (message) toast.error(message)
      return
    }
    toast.success(tool ? 'Saved.' : `${body.name} can be given to agents.`)
    onSaved()
  })

  return (
    <FormFrame
      submitLabel={tool ? 'Save changes' : 'Create tool'}
      isBusy={form.formState.isSubmitting}
      onSubmit={submit}
    >
      <Request form={form} />
      <HeadersField form={form} stored={tool?.header_names ?? []} />
      <Behaviour form={form} />
    </FormFrame>
  )
}

type PartProps = { form: UseFormReturn<HttpToolValues> }

function Request({ form }: PartProps) {
  const { errors } = form.formState
  return (
    <>
      <Field
        label="Name"
        hint="As the model sees it, such as find_customer."
        error={errors.name?.message}
      >
        {(control) => (
          <Input
            {...control}
            {...form.register('name')}
            spellCheck={false}
            className="font-mono"
          />
        )}
      </Field>
      <Field
        label="Description"
        hint="Tells the model what it does and when to use it."
        error={errors.description?.message}
      >
        {(control) => (
          <Textarea
            {...control}
            {...form.register('description')}
            className="field-sizing-content max-h-40 min-h-16"
          />
        )}
      </Field>
      <div className="grid grid-cols-[6.5rem_minmax(0,1fr)] gap-3">
        <Field label="Method">
          {(control) => (
            <Select {...control} {...form.register('method')}>
              {METHODS.map((method) => (
                <option key={method}>{method}</option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="Address" error={errors.url_template?.message}>
          {(control) => (
            <Input
              {...control}
              {...form.register('url_template')}
              inputMode="url"
              spellCheck={false}
              placeholder="https://api.example.org/customers/{id}"
              className="font-mono"
            />
          )}
        </Field>
      </div>
      <Field
        label="Parameters"
        hint="JSON schema of the arguments. One with a {place} in the address has to be required; the others go into the query, or into the body."
        error={errors.parameters?.message}
      >
        {(control) => (
          <Textarea
            {...control}
            {...form.register('parameters')}
            spellCheck={false}
            className="field-sizing-content max-h-72 min-h-32 font-mono sm:text-xs"
          />
        )}
      </Field>
    </>
  )
}

function Behaviour({ form }: PartProps) {
  const { errors } = form.formState
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_8rem]">
        <Field label="Effect" error={errors.effect?.message}>
          {(control) => (
            <Select {...control} {...form.register('effect')}>
              {Object.entries(EFFECTS).map(([effect, label]) => (
                <option key={effect} value={effect}>
                  {label}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="Timeout, seconds" error={errors.timeout?.message}>
          {(control) => (
            <Input
              {...control}
              {...form.register('timeout', { valueAsNumber: true })}
              type="number"
              min={1}
            />
          )}
        </Field>
      </div>
      <Controller
        control={form.control}
        name="needs_approval"
        render={({ field: { value, onChange } }) => (
          <div className="flex items-center gap-3 text-sm">
            <Switch
              id="needs-approval"
              checked={value}
              onCheckedChange={onChange}
            />
            <label htmlFor="needs-approval">
              Ask a person before each call
            </label>
          </div>
        )}
      />
    </>
  )
}
