import { zodResolver } from '@hookform/resolvers/zod'
import { useForm } from 'react-hook-form'
import * as z from 'zod/mini'

import { BusyButton } from '@/components/busy-button'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import type { Schemas } from '@/lib/api/client'
import { useSubmit } from '@/lib/use-submit'

import { useRegister, useSignIn } from './queries'
import { FormError } from './session-card'

const schema = z.object({
  username: z.string().check(z.trim(), z.minLength(1, 'Choose a username.')),
  email: z.email('Enter your e-mail address.'),
  password: z.string().check(z.minLength(8, 'Use at least 8 characters.')),
}) satisfies z.ZodMiniType<Schemas['RegistrationRequest']>

const FIELDS = ['username', 'email', 'password'] as const

/** Creates an account from the values of the form, and signs in to it. */
export function useRegisterForm(setupCode: string, onSignedIn: () => void) {
  const register = useRegister()
  const signIn = useSignIn()
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: { username: '', email: '', password: '' },
  })

  const submit = useSubmit(
    form,
    FIELDS,
    async (values) => {
      await register.mutateAsync({ body: { ...values, setup_code: setupCode } })
      const { username, password } = values
      await signIn.mutateAsync({ body: { username, password } })
      onSignedIn()
    },
    (message) => {
      form.setError('root', { message })
    },
  )

  return { form, submit }
}

type RegisterFormProps = ReturnType<typeof useRegisterForm>

export function RegisterForm({ form, submit }: RegisterFormProps) {
  const { errors, isSubmitting } = form.formState

  return (
    <form
      className="space-y-4"
      noValidate
      onSubmit={(event) => void submit(event)}
    >
      <FormError message={errors.root?.message} />
      <Field label="Username" error={errors.username?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('username')}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
          />
        )}
      </Field>
      <Field label="E-mail" error={errors.email?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('email')}
            type="email"
            autoComplete="email"
          />
        )}
      </Field>
      <Field
        label="Password"
        hint="At least 8 characters. Do not use a common password."
        error={errors.password?.message}
      >
        {(control) => (
          <Input
            {...control}
            {...form.register('password')}
            type="password"
            autoComplete="new-password"
          />
        )}
      </Field>
      <BusyButton
        type="submit"
        size="large"
        className="w-full"
        isBusy={isSubmitting}
      >
        Create account
      </BusyButton>
    </form>
  )
}
