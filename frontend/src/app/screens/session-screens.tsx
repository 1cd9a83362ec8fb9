import { getRouteApi, useRouter } from '@tanstack/react-router'

import { RegisterPage } from '@/features/session/register-page'
import { SignInPage } from '@/features/session/sign-in-page'

const signIn = getRouteApi('/sign-in')
const register = getRouteApi('/register')

/** Only an address on this site: a link must not send a new session elsewhere. */
function ownAddress(redirect: string | undefined) {
  return redirect && /^\/(?![/\\])/.test(redirect) ? redirect : undefined
}

export function SignInScreen() {
  const { history } = useRouter()
  const { redirect } = signIn.useSearch()
  return (
    <SignInPage
      redirect={redirect}
      onSignedIn={() => {
        history.push(ownAddress(redirect) ?? '/')
      }}
    />
  )
}

export function RegisterScreen() {
  const { history } = useRouter()
  const { redirect } = register.useSearch()
  return (
    <RegisterPage
      redirect={redirect}
      onSignedIn={() => {
        // A new account starts at the list that has its first agent.
        history.push('/agents')
      }}
    />
  )
}
