import { QueryClient } from '@tanstack/react-query'
import { expect, test } from 'vitest'

import type { StatusChanges } from '@/components/status'
import { makeApproval, makePage } from '@/testing/factories'

import { approvalsQuery, refreshApprovals } from './queries'

async function reloadsAfter(changes: StatusChanges, count = 1) {
  const queryClient = new QueryClient()
  const { queryKey } = approvalsQuery()
  const page = { ...makePage([makeApproval({ task: 7 })]), count }
  queryClient.setQueryData(queryKey, page)
  await refreshApprovals(queryClient, changes)
  return queryClient.getQueryState(queryKey)?.isInvalidated
}

test('reloads when a listed task changes', async () => {
  expect(await reloadsAfter(new Map([[7, 'cancelled']]))).toBe(true)
})

test('reloads when another task starts to wait', async () => {
  expect(await reloadsAfter(new Map([[9, 'waiting']]))).toBe(true)
})

test('reloads when there are more than are listed', async () => {
  expect(await reloadsAfter(new Map([[9, 'running']]), 60)).toBe(true)
})

test('reloads when any task may have changed', async () => {
  expect(await reloadsAfter('all')).toBe(true)
})

test('is not reloaded by tasks that run and finish', async () => {
  const changes = new Map([
    [8, 'running'],
    [9, 'completed'],
  ] as const)

  expect(await reloadsAfter(changes)).toBe(false)
})
