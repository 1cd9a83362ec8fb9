import { QueryClient } from '@tanstack/react-query'
import { beforeEach, expect, test } from 'vitest'

import type { Schemas } from '@/lib/api/client'
import { makeAgent, makePage } from '@/testing/factories'

import { agentMatchesQuery, agentsQuery, refreshAgentActivity } from './queries'

let queryClient = new QueryClient()

const recent = (id: number): Schemas['RecentTask'] => ({
  id,
  status: 'running',
  created_at: '2026-05-04T10:00:00Z',
  finished_at: null,
  input_text: 'Say hello',
  input_is_truncated: false,
})

const { queryKey } = agentsQuery()

beforeEach(() => {
  queryClient = new QueryClient()
  const agents = [
    makeAgent({ id: 1, recent_tasks: [recent(5), recent(4)] }),
    makeAgent({ id: 2 }),
  ]
  queryClient.setQueryData(queryKey, {
    pages: [makePage(agents)],
    pageParams: [undefined],
  })
  queryClient.setQueryData(agentMatchesQuery('').queryKey, makePage(agents))
})

const isStale = (key: readonly unknown[]) =>
  queryClient.getQueryState(key)?.isInvalidated

test('shows the new status of a recent task without reloading', async () => {
  await refreshAgentActivity(queryClient, new Map([[4, 'failed']]))

  const [page] = queryClient.getQueryData(queryKey)?.pages ?? []
  expect(
    page?.results[0]?.recent_tasks.map(({ id, status }) => [id, status]),
  ).toEqual([
    [5, 'running'],
    [4, 'failed'],
  ])
  expect(isStale(queryKey)).toBe(false)
})

test('reloads the list for a task that it does not have', async () => {
  const changes = new Map([
    [5, 'completed'],
    [9, 'pending'],
  ] as const)

  await refreshAgentActivity(queryClient, changes)

  expect(isStale(queryKey)).toBe(true)
})

test('reloads the list when any task may have changed', async () => {
  await refreshAgentActivity(queryClient, 'all')

  expect(isStale(queryKey)).toBe(true)
})

test('never reloads lists of names', async () => {
  await refreshAgentActivity(queryClient, 'all')

  expect(isStale(agentMatchesQuery('').queryKey)).toBe(false)
})
