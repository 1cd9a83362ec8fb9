import { expect, test } from 'vitest'

import { ticksOf } from './scale'

test.each([
  [0, 'count', [0, 1]],
  [1, 'count', [0, 1]],
  [7, 'count', [0, 5, 10]],
  [10, 'count', [0, 5, 10]],
  [100, 'count', [0, 50, 100]],
  [1234, 'count', [0, 500, 1000, 1500]],
  [0, 'seconds', [0, 0.001]],
  [0.4, 'seconds', [0, 0.2, 0.4]],
  [12, 'seconds', [0, 5, 10, 15]],
  [100, 'seconds', [0, 60, 120]],
  [5000, 'seconds', [0, 1800, 3600, 5400]],
  [0, 'dollars', [0, 0.01]],
  [0.00007, 'dollars', [0, 0.000025, 0.00005, 0.000075]],
  [12.4, 'dollars', [0, 5, 10, 15]],
] as const)('fits %d as %s on the axis %j', (max, unit, ticks) => {
  const found = ticksOf(max, unit)

  expect(found).toHaveLength(ticks.length)
  found.forEach((tick, index) => {
    expect(tick).toBeCloseTo(ticks[index] ?? Number.NaN)
  })
})
