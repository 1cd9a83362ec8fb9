import { screen } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { beforeEach, expect, test } from 'vitest'

import type { Schemas } from '@/lib/api/client'
import { makeAgent, makePage, makeProblem } from '@/testing/factories'
import { server } from '@/testing/server'
import { sees } from '@/testing/sees'

import { calculator, openForm, serveAgentForm } from './render-agent-form'

beforeEach(serveAgentForm)

const many = Array.from(
  { length: 10_000 },
  (_, index): Schemas['CatalogueEntry'] => ({
    ...calculator,
    id: `http:${index + 1}`,
    kind: 'http',
    reference: { type: 'http', id: index + 1 },
    source: 'http',
    name: `tool_${index + 1}`,
  }),
)

/** Serves pages of many tools, as the API does. Returns the requests. */
function serveManyTools() {
  const requests: string[] = []
  server.use(
    http.get('/api/tools/', ({ request }) => {
      const { searchParams } = new URL(request.url)
      requests.push(searchParams.toString())
      const text = searchParams.get('search') ?? ''
      const ids = searchParams.getAll('id')
      const found = many.filter(
        ({ id, name }) =>
          name.includes(text) && (ids.length === 0 || ids.includes(id)),
      )
      const start = Number(searchParams.get('cursor') ?? 0)
      const end = start + Number(searchParams.get('limit'))
      const next =
        end < found.length ? `http://localhost/api/tools/?cursor=${end}` : null
      return HttpResponse.json(makePage(found.slice(start, end), next))
    }),
  )
  return requests
}

test('finds one of 10,000 tools by typing, with the keyboard alone', async () => {
  const requests = serveManyTools()
  server.use(
    http.get('/api/agents/', ({ request }) =>
      HttpResponse.json(
        makePage(request.url.includes('search=') ? [] : [makeAgent()]),
      ),
    ),
  )
  const { user } = await openForm()
  await user.click(screen.getByRole('button', { name: 'Add a tool' }))
  expect(await screen.findByRole('option', { name: /^tool_50/ })).toBeVisible()
  expect(screen.queryByRole('option', { name: /^tool_51/ })).toBeNull()

  await user.keyboard('tool_9876')
  // Nothing that does not match can be chosen in the meantime.
  expect(screen.queryByRole('option')).toBeNull()
  expect(
    await screen.findByRole('option', { name: /^tool_9876/, selected: true }),
  ).toBeVisible()
  await user.keyboard('{Enter}')

  const tools = await screen.findByRole('list', { name: 'Tools' })
  expect(tools).toHaveTextContent('tool_9876')
  // Not one request for each key.
  expect(requests.filter((each) => each.includes('search=')).length).toBe(1)
})

test('loads more tools from the end of the list', async () => {
  serveManyTools()
  const { user } = await openForm()
  await user.click(screen.getByRole('button', { name: 'Add a tool' }))
  await screen.findByRole('option', { name: /^tool_50/ })

  await user.click(screen.getByRole('option', { name: 'Load more tools' }))

  expect(await screen.findByRole('option', { name: /^tool_100/ })).toBeVisible()
  expect(screen.queryByRole('option', { name: /^tool_101/ })).toBeNull()
})

test('says that nothing matches, and that tools could not be loaded', async () => {
  serveManyTools()
  const { user } = await openForm()
  server.use(http.get('/api/agents/', () => HttpResponse.json(makePage([]))))
  await user.click(screen.getByRole('button', { name: 'Add a tool' }))
  await user.keyboard('nothing')
  await sees('No tools or agents match “nothing”.')

  server.use(
    http.get('/api/tools/', () =>
      HttpResponse.json(makeProblem(500, 'error', 'Broken.'), { status: 500 }),
    ),
  )
  await user.keyboard(' at all')
  await sees('The tools could not be loaded.')

  serveManyTools()
  await user.click(screen.getByRole('button', { name: 'Try again' }))
  await sees('No tools or agents match “nothing at all”.')
})
