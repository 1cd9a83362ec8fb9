import { zodResolver } from '@hookform/resolvers/zod'
import { useForm } from 'react-hook-form'
import { toast } from 'sonner'
import * as z from 'zod/mini'

import { Button } from '@/components/ui/button'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import type { Schemas } from '@/lib/api/client'
import { showProblem } from '@/lib/form-errors'

import { useChangePassword } from './queries'

const schema = z.object({
  current_password: z
    .string()
    .check(z.minLength(1, 'Enter your password as it is now.')),
  new_password: z.string().check(z.minLength(1, 'Enter a new password.')),
}) satisfies z.ZodMiniType<Schemas['PasswordChangeRequest']>

const FIELDS = ['current_password', 'new_password'] as const

export function PasswordForm({ username }: { username: string }) {
  const changePassword = useChangePassword()
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: { current_password: '', new_password: '' },
  })
  const { errors } = form.formState

  const submit = form.handleSubmit((body) => {
    changePassword.mutate(
      { body },
      {
        onSuccess: () => {
          toast.success('Password changed. Your other sessions have ended.')
          form.reset()
        },
        onError: (error) => {
          const message = showProblem(error, form.setError, FIELDS)
          if (message) toast.error(message)
        },
      },
    )
  })

  return (
    <form
      noValidate
      className="space-y-4 px-4 py-5 sm:px-6"
      onSubmit={(event) => void submit(event)}
    >
      {/* So that password managers know whose it is. */}
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
        hint="A long sentence is better than a short riddle."
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
      <Button type="submit" aria-disabled={changePassword.isPending}>
        Change password
      </Button>
    </form>
  )
}
