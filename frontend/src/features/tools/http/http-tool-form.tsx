import { zodResolver } from '@hookform/resolvers/zod'
import { useQuery } from '@tanstack/react-query'
import { Controller, FormProvider, useForm, useWatch } from 'react-hook-form'
import type { UseFormReturn } from 'react-hook-form'
import { toast } from 'sonner'

import { ApprovalSelect } from '@/components/approval-select'
import { FormFrame } from '@/components/form-frame'
import { ProtectionChanges } from '@/components/protection-changes'
import { Field } from '@/components/ui/field'
import { Textarea } from '@/components/ui/input'
import { Select } from '@/components/ui/select'
import { useSubmit } from '@/lib/use-submit'

import { useCreateHttpTool, useUpdateHttpTool } from '../mutations'
import { httpToolChangesQuery } from '../queries'
import type { HttpTool } from '../queries'
import { SecretsField } from '../secrets-field'
import { toastWarnings } from '../toast-warnings'
import {
  DescriptionField,
  NameField,
  TimeoutField,
  UrlField,
} from '../tool-fields'
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
  'headers',
  'url_secrets',
  'effect',
  'needs_approval',
  'timeout',
] as const

export function HttpToolForm({ tool, onSaved }: HttpToolFormProps) {
  const createTool = useCreateHttpTool()
  const updateTool = useUpdateHttpTool()
  const form = useForm<HttpToolValues>({
    resolver: zodResolver(httpToolSchema),
    defaultValues: httpToolValues(tool),
  })

  const submit = useSubmit(form, FIELDS, async (values) => {
    const body = httpToolRequest(values, tool)
    if (tool) {
      const params = { path: { id: tool.id } }
      toastWarnings(await updateTool.mutateAsync({ params, body }))
      toast.success('Changes saved.')
    } else {
      toastWarnings(await createTool.mutateAsync({ body }))
      toast.success(`${body.name} was created. You can now add it to agents.`)
    }
    onSaved()
  })

  return (
    <FormProvider {...form}>
      <FormFrame
        submitLabel={tool ? 'Save changes' : 'Create tool'}
        isBusy={form.formState.isSubmitting}
        onSubmit={submit}
      >
        <Request form={form} isNew={!tool} />
        <SecretsField
          name="url_secrets"
          stored={tool?.url_secret_names ?? []}
        />
        <SecretsField name="headers" stored={tool?.header_names ?? []} />
        <Behaviour form={form} />
        {tool && <Changes tool={tool} />}
      </FormFrame>
    </FormProvider>
  )
}

type PartProps = { form: UseFormReturn<HttpToolValues> }

function Changes({ tool }: { tool: HttpTool }) {
  const { data } = useQuery(httpToolChangesQuery(tool.id))
  return <ProtectionChanges changes={data?.results ?? []} />
}

function Request({ form, isNew }: PartProps & { isNew: boolean }) {
  const { register, formState, setValue } = form
  const { errors, dirtyFields } = formState
  const method = register('method', {
    // A new tool that sends something has side effects until its author says otherwise.
    onChange: ({ target }: { target: HTMLSelectElement }) => {
      if (isNew && !dirtyFields.effect)
        setValue('effect', target.value === 'GET' ? 'read' : 'write')
    },
  })
  return (
    <>
      <NameField
        field={register('name')}
        error={errors.name}
        hint="As the model sees it, such as find_customer."
      />
      <DescriptionField
        field={register('description')}
        error={errors.description}
        hint="Tells the model what the tool does and when to use it."
      />
      <div className="grid grid-cols-[6.5rem_minmax(0,1fr)] gap-3">
        <Field label="Method" error={errors.method?.message}>
          {(control) => (
            <Select {...control} {...method}>
              {METHODS.map((method) => (
                <option key={method}>{method}</option>
              ))}
            </Select>
          )}
        </Field>
        <UrlField
          field={register('url_template')}
          error={errors.url_template}
          placeholder="https://api.example.org/customers/{id}"
        />
      </div>
      <Field
        label="Parameters"
        hint="JSON Schema of the arguments. An argument named in the URL, such as {id}, must be required; the others are sent in the query string or in the body."
        error={errors.parameters?.message}
      >
        {(control) => (
          <Textarea
            {...control}
            {...register('parameters')}
            spellCheck={false}
            className="field-sizing-content max-h-72 min-h-32 font-mono sm:text-xs"
          />
        )}
      </Field>
    </>
  )
}

function Behaviour({ form: { register, control, formState } }: PartProps) {
  const { errors } = formState
  const effect = useWatch({ control, name: 'effect' })
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_10rem]">
        <Field label="Effect" error={errors.effect?.message}>
          {(props) => (
            <Select {...props} {...register('effect')}>
              {Object.entries(EFFECTS).map(([effect, label]) => (
                <option key={effect} value={effect}>
                  {label}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <TimeoutField
          field={register('timeout', { valueAsNumber: true })}
          error={errors.timeout}
        />
      </div>
      <Controller
        control={control}
        name="needs_approval"
        render={({ field: { value, onChange } }) => (
          <Field
            label="Ask before running (default for write tools)"
            hint="An agent can decide otherwise. Agents that were saved while it asked go on asking until their setting is changed."
            error={errors.needs_approval?.message}
          >
            {(props) => (
              <ApprovalSelect
                {...props}
                value={value}
                isAskedByDefault={effect === 'write'}
                onChange={onChange}
              />
            )}
          </Field>
        )}
      />
    </>
  )
}
