import { screen, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'

import { makePage, makeProblem, makeTaskRow } from '@/testing/factories'
import { idsTo, testListStates } from '@/testing/list-states'
import { renderPart } from '@/testing/render'
import { sees } from '@/testing/sees'
import { server } from '@/testing/server'

import { FailedTasks } from './failed-tasks'
import { LiveTasks } from './live-tasks'
import { RecentTasks } from './recent-tasks'

const path = '/api/tasks/'
const respond = (count: number) =>
  makePage(idsTo(count).map((id) => makeTaskRow({ id, status: 'failed' })))

testListStates({
  name: 'recent tasks of an agent',
  content: <RecentTasks agent={1} />,
  path,
  respond,
  list: 'Recent tasks',
  empty: 'This agent has not run yet.',
})

testListStates({
  name: 'running tasks',
  content: <LiveTasks />,
  path,
  respond,
  list: 'Running now',
  empty: 'No tasks are running.',
})

testListStates({
  name: 'recent failures',
  content: <FailedTasks />,
  path,
  respond,
  list: 'Recent failures',
  empty: 'No tasks have failed.',
})

test('links to all running tasks where there are more', async () => {
  server.use(
    http.get(path, () => HttpResponse.json({ ...respond(6), count: 40 })),
  )
  renderPart(<LiveTasks />)

  const link = await screen.findByRole('link', { name: 'See all 40 tasks' })

  expect(link).toHaveAttribute(
    'href',
    expect.stringContaining('/tasks?status='),
  )
})

test('shows the error code of a failure without a sentence', async () => {
  const row = makeTaskRow({
    status: 'failed',
    error_code: 'worker_lost',
    error_detail: '',
  })
  server.use(http.get(path, () => HttpResponse.json(makePage([row]))))
  renderPart(<FailedTasks />)

  const list = await screen.findByRole('list', { name: 'Recent failures' })

  expect(within(list).getByText('worker_lost')).toBeVisible()
})

test('shows why a retry was rejected', async () => {
  server.use(
    http.get(path, () => HttpResponse.json(respond(1))),
    http.post('/api/tasks/1/retry/', () =>
      HttpResponse.json(makeProblem(409, 'conflict', 'It runs already.'), {
        status: 409,
      }),
    ),
  )
  const { user } = renderPart(<FailedTasks />)

  await user.click(await screen.findByRole('button', { name: 'Retry task 1' }))

  await sees('It runs already.')
})
