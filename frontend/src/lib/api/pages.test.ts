import { QueryClient } from '@tanstack/react-query'
import { expect, test } from 'vitest'

import { makePage } from '@/testing/factories'

import { pagesOptions, rowsOf } from './pages'

const nextOf = (next: string | null) => {
  const { getNextPageParam } = pagesOptions<number>(['x'], () =>
    Promise.resolve({}),
  )
  return getNextPageParam(makePage([1], next), [], undefined, [])
}

test.each([
  [null, undefined],
  ['http://server/api/tasks/?limit=2', undefined],
  ['http://server/api/tasks/?cursor=abc%3D%3D&limit=2', 'abc=='],
  ['/api/tasks/?cursor=abc', 'abc'],
])('finds the cursor of the next page in %s', (next, cursor) => {
  expect(nextOf(next)).toBe(cursor)
})

test('joins the rows of all pages and takes the count of the first', () => {
  const first = { ...makePage([1, 2]), count: 10_000, count_is_exact: false }
  const data = { pages: [first, makePage([3])], pageParams: [undefined, 'a'] }

  expect(rowsOf(data)).toEqual({
    rows: [1, 2, 3],
    count: 10_000,
    isExact: false,
  })
})

test('has no rows before a page is loaded', () => {
  expect(rowsOf({ pages: [], pageParams: [] })).toEqual({
    rows: [],
    count: 0,
    isExact: true,
  })
})

test('fails with the error of the request', async () => {
  const error = { code: 'forbidden' }
  const queryClient = new QueryClient({
    defaultOptions: { queries: { retry: false } },
  })

  await expect(
    queryClient.infiniteQuery(
      pagesOptions(['x'], () => Promise.resolve({ error })),
    ),
  ).rejects.toBe(error)
})
