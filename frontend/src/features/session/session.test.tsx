import { screen, waitFor } from '@testing-library/react'
import { delay, http, HttpResponse } from 'msw'
import { beforeEach, describe, expect, test, vi } from 'vitest'

import { makeProblem, makeUser } from '@/testing/factories'
import { renderPart } from '@/testing/render'
import { sees } from '@/testing/sees'
import { server } from '@/testing/server'

import { PasswordForm } from './password-form'
import { RegisterPage } from './register-page'
import { SignInPage } from './sign-in-page'

let requests: string[] = []

beforeEach(() => {
  requests = []
  server.use(
    http.get('/api/auth/session/', () =>
      HttpResponse.json({
        is_authenticated: false,
        has_users: true,
        is_registration_open: true,
      }),
    ),
    http.post('/api/auth/:what/', ({ params }) => {
      requests.push(String(params['what']))
      return HttpResponse.json(makeUser(), { status: 200 })
    }),
  )
})

const rejectWith = (status: number, code: string, detail: string) =>
  HttpResponse.json(makeProblem(status, code, detail), { status })

describe('signing in', () => {
  test('requires both fields before it sends anything', async () => {
    const { user } = renderPart(<SignInPage onSignedIn={() => undefined} />)

    await user.click(await screen.findByRole('button', { name: 'Sign in' }))

    expect(await screen.findByText('Enter your username.')).toBeVisible()
    expect(screen.getByText('Enter your password.')).toBeVisible()
    expect(requests).toEqual([])
  })

  test('selects the password after a failure, so that it can be typed again', async () => {
    const onSignedIn = vi.fn()
    server.use(
      http.post('/api/auth/login/', () =>
        rejectWith(401, 'invalid_credentials', 'Wrong name or password.'),
      ),
    )
    const { user } = renderPart(<SignInPage onSignedIn={onSignedIn} />)
    await user.type(await screen.findByLabelText('Username'), 'alice')
    await user.type(screen.getByLabelText('Password'), 'wrong{Enter}')

    expect(await screen.findByRole('alert')).toHaveTextContent(
      'Wrong name or password.',
    )
    expect(screen.getByLabelText('Password')).toHaveFocus()
    await user.keyboard('right')
    expect(screen.getByLabelText('Password')).toHaveValue('right')
    expect(onSignedIn).not.toHaveBeenCalled()
  })

  test('says when it is tried too often', async () => {
    server.use(
      http.post('/api/auth/login/', () =>
        rejectWith(429, 'throttled', 'Try again in 30 seconds.'),
      ),
    )
    const { user } = renderPart(<SignInPage onSignedIn={() => undefined} />)
    await user.type(await screen.findByLabelText('Username'), 'alice')
    await user.type(screen.getByLabelText('Password'), 'secret{Enter}')

    expect(await screen.findByRole('alert')).toHaveTextContent(
      'Try again in 30 seconds.',
    )
  })
})

describe('registering', () => {
  const fill = async () => {
    const onSignedIn = vi.fn()
    const { user } = renderPart(<RegisterPage onSignedIn={onSignedIn} />)
    await user.type(await screen.findByLabelText('Username'), 'alice')
    await user.type(screen.getByLabelText('E-mail'), 'alice@example.org')
    await user.type(screen.getByLabelText('Password'), 'a long secret')
    return { user, onSignedIn }
  }

  test('signs in with the new account', async () => {
    const { user, onSignedIn } = await fill()

    await user.keyboard('{Enter}')

    await waitFor(() => {
      expect(onSignedIn).toHaveBeenCalledOnce()
    })
    expect(requests).toEqual(['register', 'login'])
  })

  test('creates one account although it is submitted again', async () => {
    server.use(
      http.post('/api/auth/register/', () => {
        requests.push('register')
        return delay('infinite')
      }),
    )
    const { user } = await fill()

    await user.keyboard('{Enter}')
    await waitFor(() => {
      expect(
        screen.getByRole('button', { name: 'Create account' }),
      ).toHaveAttribute('aria-disabled', 'true')
    })
    await user.keyboard('{Enter}')

    expect(requests).toEqual(['register'])
  })
})

describe('changing the password', () => {
  const change = async () => {
    const { user } = renderPart(<PasswordForm username="alice" />)
    await user.type(await screen.findByLabelText('Current password'), 'old')
    await user.type(screen.getByLabelText('New password'), 'new one{Enter}')
  }

  test('empties the form once it is done', async () => {
    await change()

    await sees('Password changed. Your other sessions have ended.')
    expect(screen.getByLabelText('Current password')).toHaveValue('')
    expect(screen.getByLabelText('New password')).toHaveValue('')
  })

  test('keeps the form when it fails', async () => {
    server.use(
      http.post('/api/auth/password/', () =>
        rejectWith(403, 'forbidden', 'Not permitted.'),
      ),
    )
    await change()

    await sees('Not permitted.')
    expect(screen.getByLabelText('New password')).toHaveValue('new one')
  })
})
