import { screen, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { beforeEach, expect, test } from 'vitest'

import type { Schemas } from '@/lib/api/client'
import { makePage, makeProblem } from '@/testing/factories'
import { server } from '@/testing/server'
import { sees } from '@/testing/sees'

import { renderApp, signIn } from './render-app'

const TIME = '2026-05-04T10:00:00Z'

const tool: Schemas['HttpTool'] = {
  id: 3,
  name: 'find_customer',
  description: 'Looks a customer up.',
  parameters: {
    type: 'object',
    properties: { id: { type: 'string' } },
    required: ['id'],
  },
  method: 'GET',
  url_template: 'https://api.example.org/customers/{id}',
  header_names: ['Authorization'],
  url_secret_names: [],
  warnings: [],
  needs_approval_effective: false,
  effect: 'read',
  needs_approval: false,
  timeout: 30,
  created_at: TIME,
  updated_at: TIME,
}

let tools: Schemas['HttpTool'][] = []

beforeEach(() => {
  tools = [tool]
  signIn()
  server.use(
    http.get('/api/tasks/', () => HttpResponse.json(makePage([]))),
    http.get('/api/tools/', () => HttpResponse.json(makePage([]))),
    http.get('/api/http-tools/', () => HttpResponse.json(makePage(tools))),
    http.get('/api/mcp-servers/', () => HttpResponse.json(makePage([]))),
  )
})

test('creates an HTTP tool with a secret', async () => {
  let body: unknown
  tools = []
  server.use(
    http.post('/api/http-tools/', async ({ request }) => {
      body = await request.json()
      tools = [tool]
      return HttpResponse.json(
        { ...tool, warnings: ['X-Key is short.'] },
        { status: 201 },
      )
    }),
  )
  const { user } = renderApp('/tools')
  await sees('No HTTP tools yet')

  await user.click(screen.getByRole('button', { name: 'New HTTP tool' }))
  await user.type(screen.getByLabelText('Name'), 'ping')
  await user.type(screen.getByLabelText('URL'), 'https://a.example/')
  await user.click(screen.getByRole('button', { name: 'Add a header' }))
  await user.type(screen.getByLabelText('Name of header 1'), 'X-Key')
  await user.type(screen.getByLabelText('Value of header 1'), 's3cret')
  await user.click(screen.getByRole('button', { name: 'Add a URL secret' }))
  await user.type(screen.getByLabelText('Name of URL secret 1'), 'api_key')
  await user.type(screen.getByLabelText('Value of URL secret 1'), 'k3y')
  await user.selectOptions(screen.getByLabelText('Method'), 'POST')
  expect(screen.getByLabelText(/^Ask before running/)).toHaveDisplayValue(
    'Default (asks)',
  )
  await user.click(screen.getByRole('button', { name: 'Create tool' }))

  await sees('find_customer')
  await sees('X-Key is short.')
  expect(body).toEqual({
    name: 'ping',
    description: '',
    method: 'POST',
    url_template: 'https://a.example/',
    parameters: { type: 'object', properties: {}, required: [] },
    headers: { 'X-Key': 's3cret' },
    url_secrets: { api_key: 'k3y' },
    effect: 'write',
    needs_approval: null,
    timeout: 30,
  })
})

test('keeps a stored secret that is left empty, and shows rejections', async () => {
  let body: Partial<Schemas['HttpToolRequest']> = {}
  server.use(
    http.get('/api/http-tools/3/changes/', () =>
      HttpResponse.json(
        makePage([
          {
            tool: 'find_customer',
            change: 'approval_off',
            by: 1,
            by_name: 'alice',
            via: 'api_token',
            token: 'agt_12345678… (ci)',
            created_at: TIME,
          },
        ]),
      ),
    ),
    http.patch('/api/http-tools/3/', async ({ request }) => {
      body = (await request.json()) as Schemas['HttpToolRequest']
      return HttpResponse.json(
        makeProblem(400, 'invalid', 'The input is not valid.', {
          url_template: [{ code: 'private', detail: 'Not allowed.' }],
        }),
        { status: 400 },
      )
    }),
  )
  const { user } = renderApp('/tools')

  await user.click(
    await screen.findByRole('button', { name: 'Actions for find_customer' }),
  )
  await user.click(await screen.findByRole('menuitem', { name: 'Edit' }))
  expect(
    await screen.findByRole('list', { name: 'Lowered protection' }),
  ).toHaveTextContent(
    'Approval for find_customer was switched off by alice with the token agt_12345678… (ci)',
  )
  await user.click(await screen.findByRole('button', { name: 'Save changes' }))

  await sees('Not allowed.')
  expect(body.headers).toEqual({ Authorization: null })
})

test('tests a tool and shows what a model would receive', async () => {
  server.use(
    http.post('/api/http-tools/3/test/', async ({ request }) => {
      const { arguments: given } = (await request.json()) as {
        arguments: unknown
      }
      return HttpResponse.json({
        result: JSON.stringify({ seen: given }),
        is_error: false,
        seconds: 0.2,
      })
    }),
  )
  const { user } = renderApp('/tools')

  await user.click(
    await screen.findByRole('button', { name: 'Test find_customer' }),
  )
  expect(screen.getByLabelText('Arguments')).toHaveValue('{\n  "id": ""\n}')
  await user.click(screen.getByRole('button', { name: 'Send request' }))

  await sees('Succeeded')
  expect(screen.getByRole('group', { name: 'Result' })).toHaveTextContent(
    'seen',
  )
})

test('deletes a tool after confirmation', async () => {
  server.use(
    http.delete('/api/http-tools/3/', () => {
      tools = []
      return new HttpResponse(null, { status: 204 })
    }),
  )
  const { user } = renderApp('/tools')

  await user.click(
    await screen.findByRole('button', { name: 'Actions for find_customer' }),
  )
  await user.click(await screen.findByRole('menuitem', { name: 'Delete' }))
  const dialog = await screen.findByRole('alertdialog')
  await user.click(within(dialog).getByRole('button', { name: 'Delete' }))

  await sees('No HTTP tools yet')
})
