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

import { sessionQuery, useSignIn } from './queries'
import { FormError, SessionCard } from './session-card'

const schema = z.object({
  username: z.string().check(z.trim(), z.minLength(1, 'Enter your username.')),
  password: z.string().check(z.minLength(1, 'Enter your password.')),
}) satisfies z.ZodMiniType<Schemas['CredentialsRequest']>

type SignInPageProps = { onSignedIn: () => void; redirect?: string | undefined }

export function SignInPage({ onSignedIn, redirect }: SignInPageProps) {
  const signIn = useSignIn()
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: { username: '', password: '' },
  })
  const { errors, isSubmitting } = form.formState
  const { data: session } = useQuery(sessionQuery())

  const submit = useSubmit(
    form,
    ['username', 'password'],
    async (body) => {
      await signIn.mutateAsync({ body })
      onSignedIn()
    },
    (message) => {
      form.setError('root', { message })
      form.setFocus('password', { shouldSelect: true })
    },
  )

  return (
    <SessionCard
      title="Sign in"
      lead="Run your agents and watch them work."
      below={
        session?.is_registration_open && (
          <>
            New here?{' '}
            <Button asChild variant="link">
              <Link to="/register" search={{ redirect }}>
                Create an account
              </Link>
            </Button>
          </>
        )
      }
    >
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
        <Field label="Password" error={errors.password?.message}>
          {(control) => (
            <Input
              {...control}
              {...form.register('password')}
              type="password"
              autoComplete="current-password"
            />
          )}
        </Field>
        <BusyButton
          type="submit"
          size="large"
          className="w-full"
          isBusy={isSubmitting}
        >
          Sign in
        </BusyButton>
      </form>
    </SessionCard>
  )
}
