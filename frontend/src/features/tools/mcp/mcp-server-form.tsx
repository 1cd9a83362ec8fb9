import { zodResolver } from '@hookform/resolvers/zod'
import { useForm } from 'react-hook-form'
import { toast } from 'sonner'

import { Field } from '@/components/ui/field'
import { Input, Textarea } from '@/components/ui/input'
import { asProblem } from '@/lib/api/problem'
import { showProblem } from '@/lib/form-errors'

import { FormFrame } from '../form-frame'
import { HeadersField } from '../headers-field'
import {
  useCreateMcpServer,
  useRefreshMcpServer,
  useUpdateMcpServer,
} from '../queries'
import type { McpServer } from '../queries'
import {
  mcpServerRequest,
  mcpServerSchema,
  mcpServerValues,
} from '../tool-schema'
import type { McpServerValues } from '../tool-schema'

type McpServerFormProps = { server: McpServer | undefined; onSaved: () => void }

const FIELDS = ['name', 'description', 'url', 'timeout'] as const

export function McpServerForm({ server, onSaved }: McpServerFormProps) {
  const save = useSaving(server)
  const form = useForm<McpServerValues>({
    resolver: zodResolver(mcpServerSchema),
    defaultValues: mcpServerValues(server),
  })
  const { errors } = form.formState

  const submit = form.handleSubmit(async (values) => {
    try {
      await save(values)
      onSaved()
    } catch (error) {
      const message = showProblem(error, form.setError, FIELDS)
      if (message) toast.error(message)
    }
  })

  return (
    <FormFrame
      submitLabel={server ? 'Save changes' : 'Add server'}
      isBusy={form.formState.isSubmitting}
      onSubmit={submit}
    >
      <Field
        label="Name"
        hint="Short; the names of its tools begin with it."
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
      <Field label="Address" error={errors.url?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('url')}
            inputMode="url"
            spellCheck={false}
            placeholder="https://mcp.example.org/mcp"
            className="font-mono"
          />
        )}
      </Field>
      <Field label="Description" error={errors.description?.message}>
        {(control) => (
          <Textarea
            {...control}
            {...form.register('description')}
            className="field-sizing-content max-h-40 min-h-16"
          />
        )}
      </Field>
      <HeadersField form={form} stored={server?.header_names ?? []} />
      <Field label="Timeout, seconds" error={errors.timeout?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('timeout', { valueAsNumber: true })}
            type="number"
            min={1}
            className="max-w-32"
          />
        )}
      </Field>
    </FormFrame>
  )
}

/** Store it, then ask a new one for its tools. It stays when it does not answer. */
function useSaving(server: McpServer | undefined) {
  const createServer = useCreateMcpServer()
  const updateServer = useUpdateMcpServer()
  const refreshServer = useRefreshMcpServer()

  return async (values: McpServerValues) => {
    const body = mcpServerRequest(values, server)
    if (server) {
      const params = { path: { id: server.id } }
      await updateServer.mutateAsync({ params, body })
      toast.success('Saved.')
      return
    }
    const { id, name } = await createServer.mutateAsync({ body })
    refreshServer.mutate(
      { params: { path: { id } } },
      {
        onSuccess: ({ tools }) =>
          toast.success(`${name} offers ${tools.length} tools.`),
        onError: (error) =>
          toast.error(`${name} was added. ${asProblem(error).detail}`),
      },
    )
  }
}
