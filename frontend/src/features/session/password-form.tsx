import { zodResolver } from '@hookform/resolvers/zod'
import { useForm } from 'react-hook-form'
import { toast } from 'sonner'
import * as z from 'zod/mini'

import { BusyButton } from '@/components/busy-button'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import type { Schemas } from '@/lib/api/client'
import { useSubmit } from '@/lib/use-submit'

import { useChangePassword } from './queries'

const schema = z.object({
  current_password: z
    .string()
    .check(z.minLength(1, 'Enter your current password.')),
  new_password: z.string().check(z.minLength(1, 'Enter a new password.')),
}) satisfies z.ZodMiniType<Schemas['PasswordChangeRequest']>

const FIELDS = ['current_password', 'new_password'] as const

export function PasswordForm({ username }: { username: string }) {
  const changePassword = useChangePassword()
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: { current_password: '', new_password: '' },
  })
  const { errors, isSubmitting } = form.formState

  const submit = useSubmit(form, FIELDS, async (body) => {
    await changePassword.mutateAsync({ body })
    toast.success('Password changed. Your other sessions have ended.')
    form.reset()
  })

  return (
    <form
      noValidate
      className="space-y-4 px-4 py-5 sm:px-6"
      onSubmit={(event) => void submit(event)}
    >
      {/* Tells password managers whose password it is. */}
      <input
        type="text"
        autoComplete="username"
        value={username}
        readOnly
        hidden
      />
      <Field label="Current password" error={errors.current_password?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('current_password')}
            type="password"
            autoComplete="current-password"
            className="sm:max-w-sm"
          />
        )}
      </Field>
      <Field
        label="New password"
        hint="A long passphrase is stronger than a short, complicated password."
        error={errors.new_password?.message}
      >
        {(control) => (
          <Input
            {...control}
            {...form.register('new_password')}
            type="password"
            autoComplete="new-password"
            className="sm:max-w-sm"
          />
        )}
      </Field>
      <BusyButton type="submit" isBusy={isSubmitting}>
        Change password
      </BusyButton>
    </form>
  )
}
