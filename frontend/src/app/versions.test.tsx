import { screen, waitFor, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { beforeEach, expect, test } from 'vitest'

import {
  makeAgent,
  makePage,
  makeStats,
  makeVersion,
} from '@/testing/factories'
import { server } from '@/testing/server'
import { sees } from '@/testing/sees'

import { renderApp, signIn } from './render-app'

const versions = [
  makeVersion({
    number: 2,
    model: 'openai:mine',
    instructions: 'Be brief.\nBe kind.',
    tools: [{ type: 'builtin', name: 'calculator', needs_approval: true }],
    protection_changes: [
      {
        tool: 'send_mail',
        change: 'approval_off',
        before: null,
        after: null,
        by: 1,
        by_name: 'alice',
        via: 'session',
        token: '',
        created_at: '2026-05-04T10:00:00Z',
      },
    ],
  }),
  makeVersion({ number: 1, instructions: 'Be brief.' }),
]

let asked: unknown[] = []

beforeEach(() => {
  asked = []
  let agent = makeAgent({ version: 2 })
  signIn()
  server.use(
    http.get('/api/agents/1/', () => HttpResponse.json(agent)),
    http.get('/api/stats/', () => HttpResponse.json(makeStats())),
    http.get('/api/agents/', () => HttpResponse.json(makePage([agent]))),
    http.get('/api/tasks/', () => HttpResponse.json(makePage([]))),
    http.get('/api/agents/1/versions/', () =>
      HttpResponse.json(makePage(versions)),
    ),
    http.post('/api/agents/1/rollback/', async ({ request }) => {
      asked.push(await request.json())
      agent = makeAgent({ version: agent.version + 1 })
      return HttpResponse.json(agent)
    }),
  )
})

test('shows what a version changed', async () => {
  const { user } = renderApp('/agents/1')

  await user.click(await screen.findByRole('button', { name: /^Version 2/ }))

  const dialog = within(screen.getByRole('dialog'))
  expect(dialog.getByText('builtin:smollm2').tagName).toBe('DEL')
  expect(dialog.getByText('openai:mine').tagName).toBe('INS')
  expect(
    within(dialog.getByRole('region', { name: 'Instructions' }))
      .getAllByRole('listitem')
      .map((line) => line.textContent),
  ).toEqual([' Be brief.', '+added: Be kind.'])
  expect(
    within(dialog.getByRole('region', { name: 'Tools' })).getByRole('listitem'),
  ).toHaveTextContent('calculator · needs approval')
  expect(
    dialog.getByRole('list', { name: 'Lowered protection' }),
  ).toHaveTextContent(
    'Approval for send_mail was switched off by alice on the page',
  )
  expect(dialog.queryByRole('button', { name: /^Restore version/ })).toBeNull()
})

test('restores a version, and undoes that', async () => {
  const { user } = renderApp('/agents/1')

  await user.click(await screen.findByRole('button', { name: /^Version 1/ }))
  await user.click(screen.getByRole('button', { name: 'Restore version 1' }))
  await sees(/was restored as version 3/)
  await user.click(screen.getByRole('button', { name: 'Undo' }))

  await waitFor(() => {
    expect(asked).toEqual([{ version: 1 }, { version: 2 }])
  })
})
