import { expect, test } from 'vitest'

import { parseSearch, stringifySearch } from './search-params'

test.each([
  [{}, ''],
  [
    { status: ['failed', 'running'], agent: 3 },
    '?status=failed,running&agent=3',
  ],
  [{ search: 'a b&c=d#e' }, '?search=a+b%26c%3Dd%23e'],
  [{ redirect: '/tasks/7' }, '?redirect=/tasks/7'],
  [{ search: '', status: [], task: undefined, range: null }, ''],
  [{ search: { toString: 1 } }, ''],
])('writes %j', (search, text) => {
  expect(stringifySearch(search)).toBe(text)
})

test.each(['50% off', 'a,b', '👋', '"quoted"', '1e3', 'true', '+'])(
  'reads back the text %j',
  (search) => {
    expect(parseSearch(stringifySearch({ search }))).toEqual({ search })
  },
)

test('takes the last of a repeated parameter', () => {
  expect(parseSearch('?agent=1&agent=2')).toEqual({ agent: '2' })
})
