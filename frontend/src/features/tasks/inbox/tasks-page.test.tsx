import { screen, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { expect, test, vi } from 'vitest'

import { makePage, makeTaskRow } from '@/testing/factories'
import { idsTo, testListStates } from '@/testing/list-states'
import { renderPart } from '@/testing/render'
import { server } from '@/testing/server'

import type { TaskFilters } from '../queries'
import { TasksPage } from './tasks-page'

const path = '/api/tasks/'
const rows = (...ids: number[]) => ids.map((id) => makeTaskRow({ id }))

const inbox = (
  filters: TaskFilters = {},
  onFiltersChange: (filters: TaskFilters) => void = () => undefined,
) => (
  <TasksPage
    filters={filters}
    onFiltersChange={onFiltersChange}
    agentFilter={null}
  />
)

testListStates({
  name: 'the inbox',
  content: inbox(),
  path,
  respond: (count) => makePage(rows(...idsTo(count))),
  list: 'Tasks',
  empty: 'No tasks yet',
})

const serve = (page: object) => {
  server.use(http.get(path, () => HttpResponse.json(page)))
}

test('offers to clear filters that match nothing, and keeps the order', async () => {
  serve(makePage([]))
  const onChange = vi.fn()
  const { user } = renderPart(
    inbox({ status: ['failed'], ordering: 'created_at' }, onChange),
  )

  await user.click(await screen.findByRole('button', { name: 'Clear filters' }))

  expect(onChange).toHaveBeenCalledExactlyOnceWith({ ordering: 'created_at' })
})

test('does not take an order for a filter', async () => {
  serve(makePage([]))
  renderPart(inbox({ ordering: 'created_at' }))

  expect(await screen.findByText('No tasks yet')).toBeVisible()
})

test('shows a lower bound where the count is not exact', async () => {
  serve({ ...makePage(rows(1)), count: 10_000, count_is_exact: false })
  renderPart(inbox())

  expect(await screen.findByText('10,000+ tasks')).toBeVisible()
})

test('selects all rows, some rows and none', async () => {
  serve(makePage(rows(3, 2, 1)))
  const { user } = renderPart(inbox())
  const all = await screen.findByRole('checkbox', {
    name: 'Select all shown tasks',
  })

  await user.click(all)
  expect(all).toBeChecked()
  const bar = screen.getByRole('group', { name: 'Selected tasks' })
  expect(within(bar).getByRole('status')).toHaveTextContent('3 tasks')

  await user.click(screen.getByRole('checkbox', { name: 'Select task 2' }))
  expect(all).toBePartiallyChecked()
  expect(within(bar).getByRole('status')).toHaveTextContent('2 tasks')

  await user.click(within(bar).getByRole('button', { name: 'Clear selection' }))
  expect(screen.queryByRole('group', { name: 'Selected tasks' })).toBeNull()
})

test('says when an action applied to no selected task', async () => {
  serve(makePage(rows(1)))
  server.use(
    http.post('/api/tasks/retry/', () => HttpResponse.json({ count: 0 })),
  )
  const { user } = renderPart(inbox())
  await user.click(
    await screen.findByRole('checkbox', { name: 'Select task 1' }),
  )

  await user.click(screen.getByRole('button', { name: 'Retry' }))

  expect(
    await screen.findByText(
      'None of the selected tasks could be queued again.',
    ),
  ).toBeInTheDocument()
})

test('keeps selected tasks running unless cancelling is confirmed', async () => {
  const cancelled = vi.fn()
  serve(makePage(rows(1)))
  server.use(
    http.post('/api/tasks/cancel/', () => {
      cancelled()
      return HttpResponse.json({ count: 1 })
    }),
  )
  const { user } = renderPart(inbox())
  await user.click(
    await screen.findByRole('checkbox', { name: 'Select task 1' }),
  )

  await user.click(screen.getByRole('button', { name: 'Cancel' }))
  await user.click(await screen.findByRole('button', { name: 'Keep running' }))

  expect(screen.queryByRole('alertdialog')).toBeNull()
  expect(cancelled).not.toHaveBeenCalled()
})
