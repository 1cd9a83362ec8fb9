import { screen, within } from '@testing-library/react'
import { delay, http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'

import type { Schemas } from '@/lib/api/client'
import { makeProblem } from '@/testing/factories'
import { idsTo } from '@/testing/list-states'
import { renderPart } from '@/testing/render'
import { server } from '@/testing/server'

import { ModelSettings } from './model-settings'

const provider: Schemas['Provider'] = {
  name: 'openai',
  title: 'OpenAI',
  is_configured: true,
  reason: '',
}

const makeModel = (
  id: number,
  fields: Partial<Schemas['Model']> = {},
): Schemas['Model'] => ({
  id: `openai:model-${id}`,
  name: `model-${id}`,
  provider: 'openai',
  is_available: true,
  is_default: false,
  reason: '',
  price: null,
  ...fields,
})

function show(models: Schemas['Model'][], providers = [provider]) {
  server.use(
    http.get('/api/models/', () => HttpResponse.json(models)),
    http.get('/api/providers/', () => HttpResponse.json(providers)),
  )
  return renderPart(<ModelSettings />)
}

const list = () => screen.findByRole('list', { name: 'Providers' })

test('shows that it is loading until both lists are there', async () => {
  server.use(
    http.get('/api/models/', () => HttpResponse.json([])),
    http.get('/api/providers/', () => delay('infinite')),
  )
  renderPart(<ModelSettings />)

  expect(await screen.findByRole('status', { name: 'Loading' })).toBeVisible()
})

test('says why it could not be loaded, and retries', async () => {
  server.use(
    http.get('/api/models/', () => HttpResponse.json([])),
    http.get('/api/providers/', () =>
      HttpResponse.json(makeProblem(403, 'no', 'Not permitted.'), {
        status: 403,
      }),
    ),
  )
  const { user } = renderPart(<ModelSettings />)
  expect(await screen.findByRole('alert')).toHaveTextContent('Not permitted.')

  server.use(http.get('/api/providers/', () => HttpResponse.json([provider])))
  await user.click(screen.getByRole('button', { name: 'Try again' }))

  expect(await list()).toHaveTextContent('OpenAI')
})

test('shows a provider without models', async () => {
  show([])

  expect(within(await list()).getAllByRole('listitem')).toHaveLength(1)
})

test('collapses fifty models of a provider', async () => {
  const { user } = show(idsTo(50).map((id) => makeModel(id)))

  await user.click(await screen.findByText('50 models'))

  expect(screen.getByText('openai:model-50')).toBeVisible()
})

test('lists configured providers first', async () => {
  const missing = {
    ...provider,
    name: 'x',
    title: 'Xeno',
    is_configured: false,
  }
  show([], [missing, provider])

  const titles = within(await list()).getAllByRole('heading')

  expect(titles.map(({ textContent }) => textContent)).toEqual([
    'OpenAI',
    'Xeno',
  ])
})

test('shows what a model costs, and why another is unavailable', async () => {
  const rates = { input: '0.50', output: '2' } as unknown
  const price = { rates } as NonNullable<Schemas['Model']['price']>
  show([
    makeModel(1, { price, is_default: true }),
    makeModel(2, { is_available: false, reason: 'It was withdrawn.' }),
  ])

  expect(await list()).toHaveTextContent('$0.5 in, $2 out per million tokens')
  expect(screen.getByText('default')).toBeVisible()
  expect(screen.getByText('It was withdrawn.')).toBeVisible()
})
