import { zodResolver } from '@hookform/resolvers/zod'
import { useQuery } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { toast } from 'sonner'
import * as z from 'zod/mini'

import { BusyButton } from '@/components/busy-button'
import { SettingsCard } from '@/components/section'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import type { Schemas } from '@/lib/api/client'
import { formatExact } from '@/lib/format'
import { useSubmit } from '@/lib/use-submit'

import { PasswordForm } from './password-form'
import { meQuery, useChangeEmail } from './queries'

export function ProfileSettings() {
  const { data: user } = useQuery(meQuery())
  if (!user) return null
  return (
    <>
      <SettingsCard
        title="Profile"
        description={`Signed in as ${user.username}. Member since ${formatExact(user.date_joined)}.`}
      >
        <EmailForm key={user.email} email={user.email} />
      </SettingsCard>
      <SettingsCard
        title="Password"
        description="Changing it ends all your other sessions. API tokens remain valid."
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

  const { errors, isDirty, isSubmitting } = form.formState

  const submit = useSubmit(form, ['email'], async (body) => {
    await changeEmail.mutateAsync({ body })
    toast.success('E-mail address saved.')
  })

  return (
    <form
      noValidate
      className="space-y-4 px-4 py-5 sm:px-6"
      onSubmit={(event) => void submit(event)}
    >
      <Field label="E-mail" error={errors.email?.message}>
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
      <BusyButton type="submit" isBusy={isSubmitting} aria-disabled={!isDirty}>
        Save e-mail
      </BusyButton>
    </form>
  )
}
