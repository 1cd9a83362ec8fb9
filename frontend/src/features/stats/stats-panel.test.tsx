import { screen, within } from '@testing-library/react'
import { delay, http, HttpResponse } from 'msw'
import { expect, test, vi } from 'vitest'

import { makeStats } from '@/testing/factories'
import { idsTo } from '@/testing/list-states'
import { renderPart } from '@/testing/render'
import { server } from '@/testing/server'

import { StatsPanel } from './stats-panel'

const path = '/api/stats/'

const serve = (stats: ReturnType<typeof makeStats>) => {
  server.use(http.get(path, () => HttpResponse.json(stats)))
}

const show = (props: { agent?: number } = {}, onRangeChange = vi.fn()) =>
  renderPart(<StatsPanel range="7d" onRangeChange={onRangeChange} {...props} />)

test('shows that it is loading', async () => {
  server.use(http.get(path, () => delay('infinite')))
  show()

  expect(await screen.findByRole('status', { name: 'Loading' })).toBeVisible()
})

test('shows statistics of a user without tasks', async () => {
  serve({ ...makeStats(), agents: [] })
  show()

  expect(
    await screen.findByRole('img', { name: 'No tasks completed.' }),
  ).toBeVisible()
  expect(screen.queryByRole('table', { name: 'By agent' })).toBeNull()
})

test('lists fifty agents with their figures', async () => {
  const stats = makeStats({ completed: 1, failed: 2 })
  const [figures] = stats.agents
  if (!figures) throw new Error('There are no figures.')
  const agents = idsTo(50).map((agent) => ({ ...figures, agent }))
  serve({ ...stats, agents })
  show()

  const table = await screen.findByRole('table', { name: 'By agent' })

  // One more for the headings.
  expect(within(table).getAllByRole('row')).toHaveLength(51)
  expect(within(table).getAllByRole('link')[49]).toHaveAttribute(
    'href',
    '/agents/50',
  )
})

test('requests only the tasks of an agent, and does not compare agents', async () => {
  let asked: string | null = null
  server.use(
    http.get(path, ({ request }) => {
      asked = new URL(request.url).searchParams.get('agent')
      return HttpResponse.json(makeStats())
    }),
  )
  show({ agent: 3 })

  expect(await screen.findAllByRole('figure')).toHaveLength(4)
  expect(asked).toBe('3')
  expect(screen.queryByRole('table', { name: 'By agent' })).toBeNull()
})

test('changes the range, and ignores the one that is selected', async () => {
  serve(makeStats())
  const onRangeChange = vi.fn()
  const { user } = show({}, onRangeChange)

  await user.click(await screen.findByRole('radio', { name: '7 days' }))
  await user.click(screen.getByRole('radio', { name: '90 days' }))

  expect(onRangeChange.mock.calls).toEqual([['90d']])
})
