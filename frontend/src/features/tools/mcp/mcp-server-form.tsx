import { zodResolver } from '@hookform/resolvers/zod'
import { FormProvider, useForm } from 'react-hook-form'
import { toast } from 'sonner'

import { FormFrame } from '@/components/form-frame'
import { asProblem } from '@/lib/api/problem'
import { useSubmit } from '@/lib/use-submit'

import {
  useCreateMcpServer,
  useRefreshMcpServer,
  useUpdateMcpServer,
} from '../mutations'
import type { McpServer } from '../queries'
import { SecretsField } from '../secrets-field'
import { toastWarnings } from '../toast-warnings'
import {
  DescriptionField,
  NameField,
  TimeoutField,
  UrlField,
} from '../tool-fields'
import {
  mcpServerRequest,
  mcpServerSchema,
  mcpServerValues,
} from '../tool-schema'
import type { McpServerValues } from '../tool-schema'
import { toolsLoaded } from './tools-loaded'

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
  const save = useSaveServer(server)
  const form = useForm<McpServerValues>({
    resolver: zodResolver(mcpServerSchema),
    defaultValues: mcpServerValues(server),
  })
  const { register } = form
  const { errors, isSubmitting } = form.formState

  const submit = useSubmit(form, FIELDS, async (values) => {
    await save(values)
    onSaved()
  })

  return (
    <FormProvider {...form}>
      <FormFrame
        submitLabel={server ? 'Save changes' : 'Add server'}
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
          stored={server?.url_secret_names ?? []}
        />
        <SecretsField name="headers" stored={server?.header_names ?? []} />
        <TimeoutField
          field={register('timeout', { valueAsNumber: true })}
          error={errors.timeout}
        />
      </FormFrame>
    </FormProvider>
  )
}

/** Store it, then load the tools of a new server. It is kept even if they cannot be loaded. */
function useSaveServer(server: McpServer | undefined) {
  const createServer = useCreateMcpServer()
  const updateServer = useUpdateMcpServer()
  const refreshServer = useRefreshMcpServer()

  return async (values: McpServerValues) => {
    const body = mcpServerRequest(values, server)
    if (server) {
      const params = { path: { id: server.id } }
      toastWarnings(await updateServer.mutateAsync({ params, body }))
      toast.success('Changes saved.')
      return
    }
    const created = await createServer.mutateAsync({ body })
    const { id, name } = created
    toastWarnings(created)
    refreshServer.mutate(
      { params: { path: { id } } },
      {
        onSuccess: (loaded) => toast.success(toolsLoaded(loaded)),
        onError: (error) =>
          toast.error(
            `${name} was added, but its tools could not be loaded. ${asProblem(error).detail}`,
          ),
      },
    )
  }
}
