import { zodResolver } from '@hookform/resolvers/zod'
import { FormProvider, useForm } from 'react-hook-form'

import { FormFrame } from '@/components/form-frame'
import { useSubmit } from '@/lib/use-submit'

import type { McpServer } from '../queries'
import { SecretsField } from '../secrets-field'
import {
  DescriptionField,
  NameField,
  TimeoutField,
  UrlField,
} from '../tool-fields'
import { mcpServerSchema, mcpServerValues } from '../tool-schema'
import type { McpServerValues } from '../tool-schema'
import { useSaveServer } from './use-save-server'

type McpServerFormProps = { server: McpServer | undefined; onSaved: () => void }

const FIELDS = [
  'name',
  'description',
  'url',
  'url_secrets',
  'headers',
  'timeout',
] as const

export function McpServerForm({ server, onSaved }: McpServerFormProps) {
  const { save, saved, failure } = useSaveServer(server)
  const form = useForm<McpServerValues>({
    resolver: zodResolver(mcpServerSchema),
    defaultValues: mcpServerValues(server),
  })
  const { register } = form
  const { errors, isSubmitting } = form.formState

  const submit = useSubmit(form, FIELDS, async (values) => {
    if (await save(values)) onSaved()
  })

  return (
    <FormProvider {...form}>
      <FormFrame
        submitLabel={submitLabel(server, failure)}
        cancelLabel={failure ? 'Close' : 'Cancel'}
        problem={failure && <Failure detail={failure} />}
        isBusy={isSubmitting}
        onSubmit={submit}
      >
        <NameField
          field={register('name')}
          error={errors.name}
          hint="Keep it short: the names of the server’s tools begin with it."
        />
        <UrlField
          field={register('url')}
          error={errors.url}
          placeholder="https://mcp.example.org/mcp"
        />
        <DescriptionField
          field={register('description')}
          error={errors.description}
        />
        <SecretsField
          name="url_secrets"
          stored={saved?.url_secret_names ?? []}
        />
        <SecretsField name="headers" stored={saved?.header_names ?? []} />
        <TimeoutField
          field={register('timeout', { valueAsNumber: true })}
          error={errors.timeout}
        />
      </FormFrame>
    </FormProvider>
  )
}

const submitLabel = (server: McpServer | undefined, failure: string) => {
  if (failure) return 'Try again'
  return server ? 'Save changes' : 'Add server'
}

const Failure = ({ detail }: { detail: string }) => (
  <>
    <span className="font-medium">
      The server was saved, but it cannot be used.
    </span>{' '}
    {detail}
  </>
)
