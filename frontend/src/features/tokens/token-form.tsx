import { zodResolver } from '@hookform/resolvers/zod'
import { useForm } from 'react-hook-form'
import type { UseFormReturn } from 'react-hook-form'

import { FormFrame } from '@/components/form-frame'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Select } from '@/components/ui/select'
import { useSubmit } from '@/lib/use-submit'

import { useCreateToken } from './queries'
import {
  VALIDITIES,
  requestOf,
  SCOPE_NAMES,
  SCOPES,
  tokenSchema,
} from './token-schema'
import type { TokenValues } from './token-schema'

type TokenFormProps = { onCreated: (secret: string) => void }

export function TokenForm({ onCreated }: TokenFormProps) {
  const createToken = useCreateToken()
  const form = useForm<TokenValues>({
    resolver: zodResolver(tokenSchema),
    defaultValues: { name: '', scopes: ['read', 'run'], days: '90', rate: '' },
  })
  const { errors, isSubmitting } = form.formState

  const submit = useSubmit(form, ['name', 'scopes', 'rate'], async (values) => {
    const { token } = await createToken.mutateAsync({ body: requestOf(values) })
    onCreated(token)
  })

  return (
    <FormFrame
      submitLabel="Create token"
      isBusy={isSubmitting}
      onSubmit={submit}
    >
      <Field label="Name" error={errors.name?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('name')}
            placeholder="nightly report"
          />
        )}
      </Field>
      <ScopeFields form={form} />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Valid for">
          {(control) => (
            <Select {...control} {...form.register('days')}>
              {['7', '30', '90', '365', ''].map((days) => (
                <option key={days} value={days}>
                  {VALIDITIES[days as keyof typeof VALIDITIES]}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field
          label="Rate limit"
          hint="At most the server’s limit, which holds if this is empty."
          error={errors.rate?.message}
        >
          {(control) => (
            <Input
              {...control}
              {...form.register('rate')}
              placeholder="30/min"
            />
          )}
        </Field>
      </div>
    </FormFrame>
  )
}

function ScopeFields({ form }: { form: UseFormReturn<TokenValues> }) {
  const error = form.formState.errors.scopes?.message
  return (
    <fieldset className="space-y-2">
      <legend className="text-sm font-medium">Scopes</legend>
      {SCOPE_NAMES.map((scope) => (
        <label
          key={scope}
          className="flex items-start gap-3 text-sm touch:py-1"
        >
          <input
            type="checkbox"
            value={scope}
            {...form.register('scopes')}
            className="mt-0.5 size-4 shrink-0 accent-brand"
          />
          <span>
            {SCOPES[scope].label}
            <span className="block text-xs text-muted-foreground">
              {SCOPES[scope].hint}
            </span>
          </span>
        </label>
      ))}
      {error && (
        <p role="alert" className="text-xs text-destructive">
          {error}
        </p>
      )}
    </fieldset>
  )
}
