import { act, renderHook } from '@testing-library/react'
import { expect, test } from 'vitest'

import { useSelection } from './use-selection'

const rowsOf = (...ids: number[]) => ids.map((id) => ({ id }))

function select(initial: { id: number }[]) {
  const { result, rerender } = renderHook(({ rows }) => useSelection(rows), {
    initialProps: { rows: initial },
  })
  const run = (change: (selection: typeof result.current) => void) => {
    act(() => {
      change(result.current)
    })
  }
  return {
    result,
    run,
    show: (rows: { id: number }[]) => {
      rerender({ rows })
    },
  }
}

test('selects a row, and deselects it', () => {
  const { result, run } = select(rowsOf(3, 2, 1))

  run(({ toggle }) => {
    toggle(2)
  })
  expect(result.current.selected).toEqual([2])

  run(({ toggle }) => {
    toggle(2)
  })
  expect(result.current.selected).toEqual([])
})

test.each([
  [4, 2],
  [2, 4],
])('selects the range from %i to %i', (from, to) => {
  const { result, run } = select(rowsOf(5, 4, 3, 2, 1))

  run(({ toggle }) => {
    toggle(from)
  })
  run(({ toggle }) => {
    toggle(to, true)
  })

  expect(result.current.selected).toEqual([4, 3, 2])
})

test('takes a range without a start as a single row', () => {
  const { result, run } = select(rowsOf(3, 2, 1))

  run(({ toggle }) => {
    toggle(2, true)
  })

  expect(result.current.selected).toEqual([2])
})

test('deselects a range that ends at a selected row', () => {
  const { result, run } = select(rowsOf(4, 3, 2, 1))

  run(({ selectLoaded }) => {
    selectLoaded()
  })
  run(({ toggle }) => {
    toggle(4)
  })
  run(({ toggle }) => {
    toggle(2, true)
  })

  expect(result.current.selected).toEqual([1])
})

test('drops a row that has left the list', () => {
  const { result, run, show } = select(rowsOf(3, 2, 1))
  run(({ selectLoaded }) => {
    selectLoaded()
  })

  show(rowsOf(3, 1))

  expect(result.current.selected).toEqual([3, 1])
})

test('means all matching tasks until the selection changes', () => {
  const { result, run } = select(rowsOf(3, 2, 1))
  run(({ selectLoaded }) => {
    selectLoaded()
  })
  run(({ selectAllMatching }) => {
    selectAllMatching()
  })
  expect(result.current.isAllMatching).toBe(true)

  run(({ toggle }) => {
    toggle(3)
  })

  expect(result.current.isAllMatching).toBe(false)
  expect(result.current.selected).toEqual([2, 1])
})

test('never means all matching tasks without a selected row', () => {
  const { result, run, show } = select(rowsOf(1))
  run(({ selectLoaded }) => {
    selectLoaded()
  })
  run(({ selectAllMatching }) => {
    selectAllMatching()
  })

  show([])

  expect(result.current.isAllMatching).toBe(false)
})

test('selects 10,000 rows by their ends', () => {
  const rows = Array.from({ length: 10_000 }, (_, index) => ({ id: index + 1 }))
  const { result, run } = select(rows)

  run(({ toggle }) => {
    toggle(1)
  })
  run(({ toggle }) => {
    toggle(10_000, true)
  })

  expect(result.current.selected).toHaveLength(10_000)
})
