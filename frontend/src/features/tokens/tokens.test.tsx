import { screen } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'

import type { Schemas } from '@/lib/api/client'
import { makePage } from '@/testing/factories'
import { idsTo, testListStates } from '@/testing/list-states'
import { renderPart } from '@/testing/render'

import { TokenForm } from './token-form'
import { requestOf, tokenSchema } from './token-schema'
import { TokenSettings } from './token-settings'
import { Dialog, DialogContent } from '@/components/ui/dialog'

afterEach(() => {
  vi.useRealTimers()
})

const makeToken = (id: number): Schemas['ApiToken'] => ({
  id,
  name: `token ${id}`,
  prefix: 'agt_12345678',
  scopes: ['read'],
  rate: '',
  created_at: '2026-05-04T10:00:00Z',
  expires_at: null,
  last_used_at: null,
})

testListStates({
  name: 'API tokens',
  content: <TokenSettings />,
  path: '/api/tokens/',
  respond: (count) => makePage(idsTo(count).map(makeToken)),
  list: 'API tokens',
  empty: 'No tokens yet',
})

const values = {
  name: 'report',
  scopes: ['read' as const],
  days: '90',
  rate: '',
}

test('expires after the chosen number of days', () => {
  vi.useFakeTimers({ now: new Date('2026-05-04T10:00:00Z') })

  expect(requestOf(values).expires_at).toBe('2026-08-02T10:00:00.000Z')
  expect(requestOf({ ...values, days: '' }).expires_at).toBeNull()
})

test.each(['', '30/min', '1/s', '100/day', ' 5/hour '])(
  'accepts the rate %j',
  (rate) => {
    expect(tokenSchema.safeParse({ ...values, rate }).success).toBe(true)
  },
)

test.each(['30', '/min', '30/year', '-1/min', '30/min; drop'])(
  'rejects the rate %j',
  (rate) => {
    expect(tokenSchema.safeParse({ ...values, rate }).success).toBe(false)
  },
)

test('requires a name and a scope', async () => {
  const { user } = renderPart(
    <Dialog open>
      <DialogContent title="New token" description="">
        <TokenForm onCreated={() => undefined} />
      </DialogContent>
    </Dialog>,
  )
  await user.click(await screen.findByRole('checkbox', { name: /^Read/ }))
  await user.click(screen.getByRole('checkbox', { name: /^Run/ }))

  await user.click(screen.getByRole('button', { name: 'Create token' }))

  expect(await screen.findByText('Choose at least one.')).toBeVisible()
  expect(screen.getByLabelText('Name')).toBeInvalid()
})
