import { screen, waitFor } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { beforeEach, expect, test } from 'vitest'

import type { Schemas } from '@/lib/api/client'
import {
  makeApproval,
  makePage,
  makeProblem,
  makeTask,
} from '@/testing/factories'
import { server } from '@/testing/server'
import { sees } from '@/testing/sees'

import { renderApp, signIn } from './render-app'

const waiting = makeTask({
  id: 7,
  status: 'waiting',
  output_text: '',
  finished_at: null,
  wait: {
    reason: 'person',
    detail: 'Waiting for a person to decide.',
    position: null,
  },
})
let approvals: Schemas['Approval'][] = []
let sent: { path: string; body: unknown } | undefined

beforeEach(() => {
  approvals = [makeApproval()]
  sent = undefined
  signIn()
  server.use(
    http.get('/api/tasks/', () => HttpResponse.json(makePage([waiting]))),
    http.get('/api/agents/', () => HttpResponse.json(makePage([]))),
    http.get('/api/tasks/7/', () => HttpResponse.json(waiting)),
    http.get('/api/tasks/7/conversation/', () => HttpResponse.json([waiting])),
    http.get('/api/approvals/', () => HttpResponse.json(makePage(approvals))),
    http.post('/api/approvals/5/:verb/', async ({ request, params }) => {
      sent = { path: String(params['verb']), body: await request.json() }
      approvals = []
      return HttpResponse.json(makeApproval({ status: 'approved' }))
    }),
  )
})

test('approves a call as the agent requested it', async () => {
  const { user } = renderApp('/tasks/7')

  await user.click(await screen.findByRole('button', { name: 'Approve' }))

  await sees('Approved. The task continues.')
  expect(sent).toEqual({ path: 'approve', body: {} })
  await waitFor(() => {
    expect(screen.queryByRole('button', { name: 'Approve' })).toBeNull()
  })
})

test('approves a call with other arguments, once they are an object', async () => {
  const { user } = renderApp('/tasks/7')

  await user.click(
    await screen.findByRole('button', { name: 'Edit arguments' }),
  )
  const field = screen.getByLabelText('Arguments')
  expect(field).toHaveFocus()
  await user.clear(field)
  await user.type(field, 'nonsense')
  await user.click(screen.getByRole('button', { name: 'Approve with these' }))
  expect(field).toBeInvalid()
  expect(sent).toBeUndefined()

  await user.clear(field)
  await user.click(field)
  await user.paste('{"to": "carol@example.org"}')
  await user.click(screen.getByRole('button', { name: 'Approve with these' }))

  await waitFor(() => {
    expect(sent).toEqual({
      path: 'approve',
      body: { arguments: { to: 'carol@example.org' } },
    })
  })
})

test('rejects a call with a reason', async () => {
  const { user } = renderApp('/tasks/7')

  await user.click(await screen.findByRole('button', { name: 'Reject' }))
  await user.type(screen.getByLabelText('Reason'), 'Not to Bob.')
  await user.click(screen.getByRole('button', { name: 'Reject the call' }))

  await waitFor(() => {
    expect(sent).toEqual({ path: 'reject', body: { reason: 'Not to Bob.' } })
  })
})

test('answers a question', async () => {
  approvals = [
    makeApproval({
      tool: 'ask_person',
      waits_for: 'answer',
      arguments: '{"question": "Which colour?"}',
    }),
  ]
  const { user } = renderApp('/tasks/7')

  await sees('Which colour?')
  await user.click(screen.getByRole('button', { name: 'Send answer' }))
  const field = screen.getByLabelText('Your answer')
  expect(field).toHaveAccessibleDescription('Enter an answer.')
  await user.type(field, 'Blue{Control>}{Enter}{/Control}')

  await waitFor(() => {
    expect(sent).toEqual({ path: 'answer', body: { text: 'Blue' } })
  })
})

test.each([
  ['It succeeded', 'done'],
  ['It did not happen: call again', 'repeat'],
  ['Fail the task', 'fail'],
])('resolves a call without a result: %s', async (name, outcome) => {
  approvals = [makeApproval({ waits_for: 'outcome' })]
  const { user } = renderApp('/tasks/7')

  await user.type(await screen.findByLabelText('Result'), 'Sent.')
  await user.click(screen.getByRole('button', { name }))

  await waitFor(() => {
    expect(sent).toEqual({
      path: 'resolve',
      body: { outcome, result: 'Sent.' },
    })
  })
})

test('shows that another person has decided, and reloads', async () => {
  server.use(
    http.post('/api/approvals/5/approve/', () => {
      approvals = []
      return HttpResponse.json(
        makeProblem(409, 'not_waiting', 'This call was already decided.'),
        { status: 409 },
      )
    }),
  )
  const { user } = renderApp('/tasks/7')

  await user.click(await screen.findByRole('button', { name: 'Approve' }))

  expect(
    await screen.findByText('This call was already decided.'),
  ).toBeVisible()
  await waitFor(() => {
    expect(screen.queryByRole('button', { name: 'Approve' })).toBeNull()
  })
})
