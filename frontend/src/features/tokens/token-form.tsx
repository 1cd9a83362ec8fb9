import { zodResolver } from '@hookform/resolvers/zod'
import { LoaderCircleIcon } from 'lucide-react'
import { useForm } from 'react-hook-form'
import type { UseFormReturn } from 'react-hook-form'
import { toast } from 'sonner'

import { Button } from '@/components/ui/button'
import { DialogClose } from '@/components/ui/dialog'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Select } from '@/components/ui/select'
import { showProblem } from '@/lib/form-errors'

import { useCreateToken } from './queries'
import {
  LIVES,
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
  const { errors } = form.formState

  const submit = form.handleSubmit((values) => {
    createToken.mutate(
      { body: requestOf(values) },
      {
        onSuccess: ({ token }) => {
          onCreated(token)
        },
        onError: (error) => {
          const fields = ['name', 'scopes', 'rate'] as const
          const message = showProblem(error, form.setError, fields)
          if (message) toast.error(message)
        },
      },
    )
  })

  return (
    <form
      noValidate
      className="flex min-h-0 flex-1 flex-col"
      onSubmit={(event) => void submit(event)}
    >
      <div className="min-h-0 flex-1 space-y-5 overflow-y-auto px-5 py-5 sm:px-6">
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
                    {LIVES[days as keyof typeof LIVES]}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          <Field
            label="Rate"
            hint="Empty for the server's own."
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
      </div>
      <footer className="flex justify-end gap-2 border-t px-5 py-3.5 sm:px-6">
        <DialogClose asChild>
          <Button variant="outline">Cancel</Button>
        </DialogClose>
        <Button type="submit" aria-disabled={createToken.isPending}>
          {createToken.isPending && (
            <LoaderCircleIcon className="animate-spin" />
          )}
          Create token
        </Button>
      </footer>
    </form>
  )
}

function ScopeFields({ form }: { form: UseFormReturn<TokenValues> }) {
  const error = form.formState.errors.scopes?.message
  return (
    <fieldset className="space-y-2">
      <legend className="text-sm font-medium">What it may do</legend>
      {SCOPE_NAMES.map((scope) => (
        <label
          key={scope}
          className="flex items-start gap-3 text-sm touch:py-1"
        >
          <input
            type="checkbox"
            value={scope}
            {...form.register('scopes')}
            className="mt-0.5 size-4 accent-brand"
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
