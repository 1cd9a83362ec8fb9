import { QueryClient } from '@tanstack/react-query'
import { beforeEach, expect, test } from 'vitest'

import type { Status, StatusChanges } from '@/components/status'
import { makePage, makeTaskRow } from '@/testing/factories'

import {
  failedTasksQuery,
  liveTasksQuery,
  recentTasksQuery,
  tasksQuery,
} from '../queries'
import { pagesShown, patchRows, refreshLists } from './refresh-lists'

let queryClient = new QueryClient()

beforeEach(() => {
  queryClient = new QueryClient()
})

const rows = (status: Status, ...ids: number[]) =>
  ids.map((id) => makeTaskRow({ id, status }))

const pages = (...all: ReturnType<typeof rows>[]) => ({
  pages: all.map((each) => makePage(each)),
  pageParams: all.map(() => undefined),
})

type Key = readonly unknown[]

const isStale = (key: Key) =>
  queryClient.getQueryState(key)?.isInvalidated ?? false

const refresh = (changes: StatusChanges) => refreshLists(queryClient, changes)

test('shows a new status in single pages and in all pages of a list', () => {
  const list = tasksQuery()
  const recent = recentTasksQuery(1)
  const inbox = pages(rows('running', 4, 3), rows('running', 2, 1))
  queryClient.setQueryData(list.queryKey, inbox)
  queryClient.setQueryData(recent.queryKey, makePage(rows('running', 2)))

  patchRows(queryClient, new Map([[2, 'failed']]))

  const patched = queryClient.getQueryData(list.queryKey)
  expect(
    patched?.pages.map(({ results }) => results.map(({ status }) => status)),
  ).toEqual([
    ['running', 'running'],
    ['failed', 'running'],
  ])
  expect(queryClient.getQueryData(recent.queryKey)).toMatchObject({
    results: [{ id: 2, status: 'failed' }],
  })
  // Rows that did not change are the same objects, which React does not render again.
  expect(patched?.pages[0]?.results[0]).toBe(inbox.pages[0]?.results[0])
})

test('patches nothing where there is nothing', () => {
  const { queryKey } = tasksQuery()
  patchRows(queryClient, new Map([[1, 'failed']]))
  queryClient.setQueryData(queryKey, pages([]))

  patchRows(queryClient, new Map([[1, 'failed']]))

  expect(queryClient.getQueryData(queryKey)?.pages[0]?.results).toEqual([])
})

test('patches 10,000 rows', () => {
  const { queryKey } = tasksQuery()
  const ids = Array.from({ length: 10_000 }, (_, index) => index + 1)
  queryClient.setQueryData(queryKey, pages(rows('running', ...ids)))

  patchRows(queryClient, new Map(ids.map((id) => [id, 'completed'])))

  const [page] = queryClient.getQueryData(queryKey)?.pages ?? []
  expect(page?.results.every(({ status }) => status === 'completed')).toBe(true)
})

test.each([
  ['a task that is in the list', new Map([[1, 'running']]), true],
  ['a task that enters the list', new Map([[9, 'failed']]), true],
  ['a task that has nothing to do with it', new Map([[9, 'running']]), false],
  ['any task', 'all', true],
] as [string, StatusChanges, boolean][])(
  'reloads a list of failed tasks after a change of %s',
  async (_, changes, reloads) => {
    const { queryKey } = failedTasksQuery()
    queryClient.setQueryData(queryKey, makePage(rows('failed', 1, 2)))

    await refresh(changes)

    expect(isStale(queryKey)).toBe(reloads)
  },
)

test('reloads a count that includes tasks which are not loaded', async () => {
  const { queryKey } = liveTasksQuery()
  const page = { ...makePage(rows('running', 1, 2)), count: 40 }
  queryClient.setQueryData(queryKey, page)

  await refresh(new Map([[30, 'completed']]))

  expect(isStale(queryKey)).toBe(true)
})

test('reloads a list of all statuses, where a task may be new', async () => {
  const { queryKey } = tasksQuery({ search: 'sea' })
  queryClient.setQueryData(queryKey, pages(rows('running', 1)))

  await refresh(new Map([[9, 'pending']]))

  expect(isStale(queryKey)).toBe(true)
})

test('filters the inbox by the statuses in its own key', async () => {
  const failed = tasksQuery({ status: ['failed'] })
  const waiting = tasksQuery({ status: ['waiting', 'running'] })
  for (const { queryKey } of [failed, waiting]) {
    queryClient.setQueryData(queryKey, pages([]))
  }

  await refresh(new Map([[9, 'running']]))

  expect(isStale(failed.queryKey)).toBe(false)
  expect(isStale(waiting.queryKey)).toBe(true)
})

test('counts no requests for lists that no screen shows', () => {
  queryClient.setQueryData(tasksQuery().queryKey, pages([], []))

  expect(pagesShown(queryClient)).toBe(0)
})
