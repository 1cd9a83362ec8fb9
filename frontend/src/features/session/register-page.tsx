import { zodResolver } from '@hookform/resolvers/zod'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useForm } from 'react-hook-form'
import * as z from 'zod/mini'

import { BusyButton } from '@/components/busy-button'
import { Button } from '@/components/ui/button'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import type { Schemas } from '@/lib/api/client'
import { useSubmit } from '@/lib/use-submit'

import { sessionQuery, useRegister, useSignIn } from './queries'
import { FormError, SessionCard } from './session-card'

const schema = z.object({
  username: z.string().check(z.trim(), z.minLength(1, 'Choose a username.')),
  email: z.email('Enter your e-mail address.'),
  password: z.string().check(z.minLength(8, 'Use at least 8 characters.')),
}) satisfies z.ZodMiniType<Schemas['RegistrationRequest']>

type RegisterPageProps = {
  onSignedIn: () => void
  redirect?: string | undefined
}

function useRegisterForm(onSignedIn: () => void) {
  const register = useRegister()
  const signIn = useSignIn()
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: { username: '', email: '', password: '' },
  })

  const submit = useSubmit(
    form,
    ['username', 'email', 'password'],
    async (body) => {
      await register.mutateAsync({ body })
      const { username, password } = body
      await signIn.mutateAsync({ body: { username, password } })
      onSignedIn()
    },
    (message) => {
      form.setError('root', { message })
    },
  )

  return { form, submit }
}

const FIRST = {
  title: 'Welcome to Agentarium',
  lead: 'This server is new. The first account administers it.',
}
const LATER = {
  title: 'Create your account',
  lead: 'An assistant is ready to run once you are signed in.',
}

export function RegisterPage({ onSignedIn, redirect }: RegisterPageProps) {
  const { data: session } = useQuery(sessionQuery())
  const isFirst = session?.has_users === false

  return (
    <SessionCard
      {...(isFirst ? FIRST : LATER)}
      below={
        !isFirst && (
          <>
            Already have an account?{' '}
            <Button asChild variant="link">
              <Link to="/sign-in" search={{ redirect }}>
                Sign in
              </Link>
            </Button>
          </>
        )
      }
    >
      {session?.is_registration_open === false ? (
        <p className="text-sm">
          New accounts are created by the operator of this server.
        </p>
      ) : (
        <RegisterForm onSignedIn={onSignedIn} />
      )}
    </SessionCard>
  )
}

type RegisterFormProps = Pick<RegisterPageProps, 'onSignedIn'>

function RegisterForm({ onSignedIn }: RegisterFormProps) {
  const { form, submit } = useRegisterForm(onSignedIn)
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
