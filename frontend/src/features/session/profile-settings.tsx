import { zodResolver } from '@hookform/resolvers/zod'
import { useQuery } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { toast } from 'sonner'
import * as z from 'zod/mini'

import { SettingsCard } from '@/components/settings-card'
import { Button } from '@/components/ui/button'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import type { Schemas } from '@/lib/api/client'
import { formatExact } from '@/lib/format'
import { showProblem } from '@/lib/form-errors'

import { PasswordForm } from './password-form'
import { meQuery, useChangeEmail } from './queries'

export function ProfileSettings() {
  const { data: user } = useQuery(meQuery())
  if (!user) return null
  return (
    <>
      <SettingsCard
        title="Profile"
        lead={`${user.username}, since ${formatExact(user.date_joined)}.`}
      >
        <EmailForm key={user.email} email={user.email} />
      </SettingsCard>
      <SettingsCard
        title="Password"
        lead="Changing it ends all your other sessions. API tokens stay valid."
      >
        <PasswordForm username={user.username} />
      </SettingsCard>
    </>
  )
}

const schema = z.object({
  email: z.string().check(z.trim(), z.email('Enter an e-mail address.')),
}) satisfies z.ZodMiniType<Schemas['PatchedEmailRequest']>

function EmailForm({ email }: { email: string }) {
  const changeEmail = useChangeEmail()
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: { email },
  })

  const submit = form.handleSubmit((body) => {
    changeEmail.mutate(
      { body },
      {
        onSuccess: () => toast.success('E-mail address saved.'),
        onError: (error) => {
          const message = showProblem(error, form.setError, ['email'])
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
      <Field label="E-mail" error={form.formState.errors.email?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('email')}
            type="email"
            autoComplete="email"
            className="sm:max-w-sm"
          />
        )}
      </Field>
      <Button
        type="submit"
        aria-disabled={changeEmail.isPending || !form.formState.isDirty}
      >
        Save e-mail
      </Button>
    </form>
  )
}
