import { createMemoryHistory } from '@tanstack/react-router'
import { render } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'

import type { Schemas } from '@/lib/api/client'
import { makePage, makeUser } from '@/testing/factories'
import { server } from '@/testing/server'

import { App } from './app'

/** The whole page at an address, for tests. */
export function renderApp(address: string) {
  const history = createMemoryHistory({ initialEntries: [address] })
  render(<App history={history} />)
  return { history, user: userEvent.setup() }
}

/** Alice is signed in and has no decisions to make. */
export function signIn(fields: Partial<Schemas['User']> = {}) {
  server.use(
    http.get('/api/auth/me/', () => HttpResponse.json(makeUser(fields))),
    http.get('/api/approvals/', () => HttpResponse.json(makePage([]))),
  )
}
