import { expect, test } from 'vitest'

import { formatCost, formatTokens } from './format-usage'

test.each([
  ['0.0000034', true, false, '$0.0000034'],
  ['0', true, false, '$0'],
  ['0', true, true, '$0'],
  ['0.01', false, false, '$0.01 + ?'],
  ['0.01', true, true, '≈$0.01'],
  ['0.01', false, true, '≈$0.01 + ?'],
  ['0', false, false, undefined],
  ['0', false, true, undefined],
  ['0.000', false, false, undefined],
])(
  'formats a cost of %s, complete: %s, estimate: %s',
  (cost, isComplete, isEstimate, shown) => {
    expect(formatCost(cost, { isComplete, isEstimate })).toBe(shown)
  },
)

test('marks estimated tokens', () => {
  expect(formatTokens(1200, false)).toBe('1,200')
  expect(formatTokens(1200, true)).toBe('≈1,200')
})
