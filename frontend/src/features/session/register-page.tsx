import { useQuery } from '@tanstack/react-query'
import { Link, useLocation } from '@tanstack/react-router'
import { useState } from 'react'
import type { ReactNode } from 'react'

import { Button } from '@/components/ui/button'
import type { Schemas } from '@/lib/api/client'

import { sessionQuery } from './queries'
import { RegisterForm, useRegisterForm } from './register-form'
import { SessionCard } from './session-card'
import { SetupNeeded, SetupUsed } from './setup-notes'

type RegisterPageProps = {
  onSignedIn: () => void
  redirect?: string | undefined
}

const TEXTS = {
  first: {
    title: 'Welcome to Agentarium',
    lead: 'This server is new. The first account administers it.',
  },
  invited: {
    title: 'Set up Agentarium',
    lead: 'The account that you create here administers this server.',
  },
  locked: {
    title: 'This server is not set up yet',
    lead: 'Create its first account with the one-time set-up link.',
  },
  used: {
    title: 'This set-up link has been used',
    lead: 'This server already has its first account.',
  },
  open: {
    title: 'Create your account',
    lead: 'An assistant is ready to run once you are signed in.',
  },
  closed: {
    title: 'Create your account',
    lead: 'Registration is closed.',
  },
}

type Entrance = keyof typeof TEXTS

/** What the page offers on this server, to a visitor with this code. */
function entranceOf(
  session: Schemas['SessionInfo'] | undefined,
  setupCode: string,
): Entrance {
  if (!session) return 'open'
  if (session.has_users) {
    if (setupCode) return 'used'
    return session.is_registration_open ? 'open' : 'closed'
  }
  if (setupCode) return 'invited'
  return session.is_setup_code_needed ? 'locked' : 'first'
}

/** From the fragment of the link, which the browser does not send to the server. */
function useSetupCode() {
  const hash = useLocation({ select: (location) => location.hash })
  return new URLSearchParams(hash).get('setup')?.trim() ?? ''
}

/**
 * Does not change while the account is created: the visitor's own registration must not
 * show the link as used.
 */
function useEntrance(
  session: Schemas['SessionInfo'] | undefined,
  setupCode: string,
  { isCreating }: { isCreating: boolean },
) {
  const entrance = entranceOf(session, setupCode)
  const [shown, setShown] = useState(entrance)
  if (shown !== entrance && !isCreating) setShown(entrance)
  return shown
}

export function RegisterPage({ onSignedIn, redirect }: RegisterPageProps) {
  const { data: session } = useQuery(sessionQuery())
  const setupCode = useSetupCode()
  const { form, submit } = useRegisterForm(setupCode, onSignedIn)
  const { isSubmitting, isSubmitSuccessful } = form.formState
  const entrance = useEntrance(session, setupCode, {
    isCreating: isSubmitting || isSubmitSuccessful,
  })
  const registerForm = <RegisterForm form={form} submit={submit} />

  const content: Record<Entrance, ReactNode> = {
    first: registerForm,
    invited: registerForm,
    open: registerForm,
    locked: <SetupNeeded />,
    used: (
      <SetupUsed isRegistrationOpen={session?.is_registration_open === true} />
    ),
    closed: (
      <p className="text-sm">
        New accounts are created by the operator of this server.
      </p>
    ),
  }
  return (
    <SessionCard
      {...TEXTS[entrance]}
      below={HAS_USERS.has(entrance) && <SignInInstead redirect={redirect} />}
    >
      {content[entrance]}
    </SessionCard>
  )
}

const HAS_USERS = new Set<Entrance>(['open', 'closed'])

function SignInInstead({ redirect }: Pick<RegisterPageProps, 'redirect'>) {
  return (
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
