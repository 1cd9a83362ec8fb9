import { zodResolver } from '@hookform/resolvers/zod'
import { LoaderCircleIcon } from 'lucide-react'
import { useForm } from 'react-hook-form'
import * as z from 'zod/mini'

import { Button } from '@/components/ui/button'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import type { Schemas } from '@/lib/api/client'
import { showProblem } from '@/lib/form-errors'

import { useRegister, useSignIn } from './queries'
import { FormError } from './session-card'

const schema = z.object({
  username: z.string().check(z.trim(), z.minLength(1, 'Choose a username.')),
  email: z.email('Enter your e-mail address.'),
  password: z.string().check(z.minLength(8, 'Use at least 8 characters.')),
}) satisfies z.ZodMiniType<Schemas['RegistrationRequest']>

/** Makes an account with what is typed, and signs in to it. */
export function useRegisterForm(setupCode: string, onSignedIn: () => void) {
  const register = useRegister()
  const signIn = useSignIn()
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: { username: '', email: '', password: '' },
  })

  const submit = form.handleSubmit(async (body) => {
    try {
      await register.mutateAsync({ body: { ...body, setup_code: setupCode } })
      const { username, password } = body
      await signIn.mutateAsync({ body: { username, password } })
      onSignedIn()
    } catch (error) {
      const fields = ['username', 'email', 'password'] as const
      const message = showProblem(error, form.setError, fields)
      form.setError('root', { message: message ?? '' })
    }
  })

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
        hint="At least 8 characters, not a common one."
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
      <Button
        type="submit"
        size="large"
        className="w-full"
        aria-disabled={isSubmitting}
      >
        {isSubmitting && <LoaderCircleIcon className="animate-spin" />}
        Create account
      </Button>
    </form>
  )
}
