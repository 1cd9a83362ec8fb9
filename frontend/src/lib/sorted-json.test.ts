import { expect, test } from 'vitest'

import { sortedJson } from './sorted-json'

test('sorts keys at every depth', () => {
  expect(sortedJson({ b: [{ d: 1, c: null }], a: 'x' })).toBe(
    JSON.stringify({ a: 'x', b: [{ c: null, d: 1 }] }, null, 2),
  )
})
