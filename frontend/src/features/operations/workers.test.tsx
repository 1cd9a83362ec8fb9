import { screen, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'

import type { Schemas } from '@/lib/api/client'
import { idsTo, testListStates } from '@/testing/list-states'
import { renderPart } from '@/testing/render'
import { server } from '@/testing/server'

import { InterventionForm } from './intervention-form'
import { Workers } from './workers'

const path = '/api/workers/'

const makeWorker = (
  fields: Partial<Schemas['Worker']> = {},
): Schemas['Worker'] => ({
  id: 1,
  name: 'host:42',
  is_alive: true,
  has_stopped: false,
  capacity: 10,
  running: 3,
  started_at: '2026-05-04T10:00:00Z',
  lease_until: '2026-05-04T10:01:00Z',
  lost_at: null,
  clock_offset_seconds: 0,
  has_wrong_clock: false,
  ...fields,
})

testListStates({
  name: 'workers',
  content: <Workers />,
  path,
  respond: (count) => idsTo(count).map((id) => makeWorker({ id })),
  list: 'Workers',
  empty: 'No workers in the last 24 hours.',
})

test.each([
  [{ is_alive: true }, 'Alive'],
  [{ is_alive: false, has_stopped: true }, 'Stopped'],
  [{ is_alive: false, lost_at: '2026-05-04T10:02:00Z' }, 'Lost'],
])('shows a worker with %j as %s', async (fields, label) => {
  server.use(http.get(path, () => HttpResponse.json([makeWorker(fields)])))
  renderPart(<Workers />)

  const list = await screen.findByRole('list', { name: 'Workers' })

  expect(within(list).getByText(label)).toBeVisible()
  expect(list).toHaveTextContent('3 of 10')
})

test.each([
  [3660, '1 h 01 m ahead of'],
  [-3660, '1 h 01 m behind'],
])('shows a clock that is %d s from the database’s', async (offset, text) => {
  const worker = makeWorker({
    clock_offset_seconds: offset,
    has_wrong_clock: true,
  })
  server.use(http.get(path, () => HttpResponse.json([worker])))
  renderPart(<Workers />)

  expect(
    await screen.findByText(`The clock of this machine is ${text}`, {
      exact: false,
    }),
  ).toBeVisible()
})

test('shows no clock that is right', async () => {
  server.use(http.get(path, () => HttpResponse.json([makeWorker()])))
  renderPart(<Workers />)

  await screen.findByRole('list', { name: 'Workers' })

  expect(screen.queryByText(/The clock/)).not.toBeInTheDocument()
})

test.each([
  ['5', [5]],
  [' 5,6  7,, 8 ', [5, 6, 7, 8]],
])('requeues the tasks in %j', async (text, ids) => {
  let body: unknown
  server.use(
    http.post('/api/queue/requeue/', async ({ request }) => {
      body = await request.json()
      return HttpResponse.json({ count: 1 })
    }),
  )
  const { user } = renderPart(<InterventionForm />)

  await user.type(await screen.findByLabelText('Task IDs'), text)
  await user.click(screen.getByRole('button', { name: 'Requeue' }))

  expect(await screen.findByText('1 task requeued.')).toBeInTheDocument()
  expect(body).toEqual({ ids })
})

test.each(['five', '0', '-5', '5;6', '1e3', '5, six'])(
  'does not take %j for task IDs',
  async (text) => {
    const { user } = renderPart(<InterventionForm />)

    await user.type(await screen.findByLabelText('Task IDs'), text)
    await user.click(screen.getByRole('button', { name: 'Requeue' }))

    expect(screen.getByLabelText('Task IDs')).toBeInvalid()
  },
)
