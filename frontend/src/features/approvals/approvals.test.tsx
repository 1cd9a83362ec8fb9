import { screen, waitFor } from '@testing-library/react'
import { delay, http, HttpResponse } from 'msw'
import { beforeEach, expect, test } from 'vitest'

import type { Schemas } from '@/lib/api/client'
import { makeApproval, makePage } from '@/testing/factories'
import { idsTo, testListStates } from '@/testing/list-states'
import { renderPart } from '@/testing/render'
import { server } from '@/testing/server'

import { ApprovalCard } from './approval-card'
import { ApprovalList } from './waiting-approvals'

testListStates({
  name: 'pending decisions',
  content: <ApprovalList />,
  path: '/api/approvals/',
  respond: (count) => makePage(idsTo(count).map((id) => makeApproval({ id }))),
  item: 'heading',
  empty: 'Nothing is waiting for you.',
})

let sent: { verb: unknown; body: unknown }[] = []

beforeEach(() => {
  sent = []
  server.use(
    http.post('/api/approvals/5/:verb/', async ({ request, params }) => {
      sent.push({ verb: params['verb'], body: await request.json() })
      return HttpResponse.json(makeApproval({ status: 'approved' }))
    }),
  )
})

async function open(fields: Partial<Schemas['ApprovalRow']>) {
  const app = renderPart(<ApprovalCard approval={makeApproval(fields)} />)
  await screen.findByRole('region')
  return app
}

const press = (name: string) => screen.getByRole('button', { name })

const LONG_NUMBER = '{"account": 12345678901234567890}'

test('shows every digit of the arguments', async () => {
  await open({ arguments: LONG_NUMBER })

  expect(screen.getByRole('group', { name: 'Arguments' })).toHaveTextContent(
    '12345678901234567890',
  )
})

test('shows all of long arguments before someone decides', async () => {
  server.use(
    http.get('/api/approvals/5/', () =>
      HttpResponse.json(makeApproval({ arguments: '{"to": "everyone"}' })),
    ),
  )
  await open({ arguments: '{"to": "ev', arguments_is_truncated: true })

  expect(screen.queryByRole('button', { name: 'Approve' })).toBeNull()
  expect(
    await screen.findByRole('group', { name: 'Arguments' }),
  ).toHaveTextContent('everyone')
  expect(press('Approve')).toBeVisible()
})

test('sends no arguments that were opened but not edited', async () => {
  const { user } = await open({ arguments: LONG_NUMBER })

  await user.click(press('Edit arguments'))
  await user.click(press('Approve with these'))

  await waitFor(() => {
    expect(sent).toEqual([{ verb: 'approve', body: {} }])
  })
})

test('returns from editing without a decision', async () => {
  const { user } = await open({})

  await user.click(press('Edit arguments'))
  await user.clear(screen.getByLabelText('Arguments'))
  await user.click(press('Back'))

  expect(screen.getByRole('group', { name: 'Arguments' })).toHaveTextContent(
    'bob@example.org',
  )
  expect(sent).toEqual([])
})

test.each(['[1]', 'null', '"text"', '{', ''])(
  'does not approve with the arguments %j',
  async (text) => {
    const { user } = await open({})
    await user.click(press('Edit arguments'))
    const field = screen.getByLabelText('Arguments')
    await user.clear(field)
    if (text) {
      await user.click(field)
      await user.paste(text)
    }

    await user.click(press('Approve with these'))

    expect(field).toHaveAccessibleDescription(/Enter a JSON object/)
    expect(sent).toEqual([])
  },
)

test('rejects a call without a reason', async () => {
  const { user } = await open({})

  await user.click(press('Reject'))
  expect(screen.getByLabelText('Reason')).toHaveFocus()
  await user.click(press('Reject the call'))

  await waitFor(() => {
    expect(sent).toEqual([{ verb: 'reject', body: { reason: '' } }])
  })
})

test('asks with all arguments where none is called "question"', async () => {
  await open({ waits_for: 'answer', arguments: '{"topic": "Colour"}' })

  expect(screen.getByText(/"topic": "Colour"/)).toBeVisible()
})

test('does not send an answer of blanks', async () => {
  const { user } = await open({ waits_for: 'answer' })

  await user.type(screen.getByLabelText('Your answer'), '  {Enter}  ')
  await user.click(press('Send answer'))

  expect(screen.getByLabelText('Your answer')).toBeInvalid()
  expect(sent).toEqual([])
})

test('sends one decision although a button is pressed again', async () => {
  server.use(
    http.post('/api/approvals/5/resolve/', async ({ request }) => {
      sent.push({ verb: 'resolve', body: await request.json() })
      return delay('infinite')
    }),
  )
  const { user } = await open({ waits_for: 'outcome' })

  press('It succeeded').focus()
  await user.keyboard('{Enter}')
  await waitFor(() => {
    expect(press('It succeeded')).toHaveAttribute('aria-disabled', 'true')
  })
  await user.keyboard('{Enter}')
  await user.keyboard('{Tab}{Enter}')

  expect(sent).toEqual([
    { verb: 'resolve', body: { outcome: 'done', result: '' } },
  ])
})
