import { screen, within } from '@testing-library/react'
import { delay, http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'

import { makeProblem } from '@/testing/factories'
import { renderPart } from '@/testing/render'
import { server } from '@/testing/server'

import { formatSize } from './format-size'
import { LimitSettings } from './limit-settings'
import type { Limits } from './queries'

const limits: Limits = {
  quotas: [
    { name: 'agents', label: 'agents', unit: 'count', used: 7, limit: 1000 },
    {
      name: 'api_tokens',
      label: 'API tokens',
      unit: 'count',
      used: 3,
      limit: 3,
    },
    {
      name: 'mcp_servers',
      label: 'MCP servers',
      unit: 'count',
      used: 2,
      limit: null,
    },
    {
      name: 'stored_bytes',
      label: 'stored data',
      unit: 'bytes',
      used: 12_345_678,
      limit: 5e9,
    },
  ],
  rates: { user: '1200/min', token: '600/min' },
}

const row = async (name: RegExp) =>
  within(await screen.findByRole('row', { name }))
    .getAllByRole('cell')
    .map((cell) => cell.textContent)

test('shows what the user has and may have', async () => {
  server.use(http.get('/api/limits/', () => HttpResponse.json(limits)))
  renderPart(<LimitSettings />)

  expect(await row(/^agents/)).toEqual(['7', '1,000'])
  expect(await row(/^MCP servers/)).toEqual(['2', 'None'])
  expect(await row(/^stored data/)).toEqual(['12.3 MB', '5 GB'])
  expect(screen.getByText(/^Requests: 1200\/min for you/)).toHaveTextContent(
    'at most 600/min for one token',
  )
})

test('says which limit is reached', async () => {
  server.use(http.get('/api/limits/', () => HttpResponse.json(limits)))
  renderPart(<LimitSettings />)

  const reached = await screen.findByText('Limit reached')

  expect(reached.closest('tr')).toHaveTextContent('API tokens')
})

test('shows that it is loading', async () => {
  server.use(http.get('/api/limits/', () => delay('infinite')))
  renderPart(<LimitSettings />)

  expect(await screen.findByRole('status', { name: 'Loading' })).toBeVisible()
})

test('says why it could not be loaded, and retries', async () => {
  server.use(
    http.get('/api/limits/', () =>
      HttpResponse.json(makeProblem(403, 'no', 'Not permitted.'), {
        status: 403,
      }),
    ),
  )
  const { user } = renderPart(<LimitSettings />)
  expect(await screen.findByRole('alert')).toHaveTextContent('Not permitted.')

  server.use(http.get('/api/limits/', () => HttpResponse.json(limits)))
  await user.click(screen.getByRole('button', { name: 'Try again' }))

  expect(await screen.findByRole('table', { name: 'Quotas' })).toBeVisible()
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1500, '1.5 kB'],
  [2e6, '2 MB'],
  [5e9, '5 GB'],
])('shows %d bytes as %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text)
})
