import { useRef, useState } from 'react'

type Row = { id: number }

const none: ReadonlySet<number> = new Set()

/** The rows from one to another, both included, in either direction. */
function between(rows: Row[], from: number, to: number) {
  const places = [from, to].map((id) => rows.findIndex((row) => row.id === id))
  const [start = 0, end = 0] = places.sort((a, b) => a - b)
  return rows.slice(Math.max(0, start), end + 1).map(({ id }) => id)
}

/** Which rows of a list are selected. A row that leaves the list is no longer selected. */
export function useSelection(rows: Row[]) {
  const [ids, setIds] = useState(none)
  const [isAllMatching, setAllMatching] = useState(false)
  const anchor = useRef<number>(undefined)
  const selected = rows.map(({ id }) => id).filter((id) => ids.has(id))

  const select = (next: ReadonlySet<number>) => {
    setIds(next)
    setAllMatching(false)
  }

  return {
    selected,
    /** Whether the selection is all that the filters match, loaded or not. */
    isAllMatching: isAllMatching && selected.length > 0,
    has: (id: number) => ids.has(id),
    /** Select or deselect a row; with `isRange` all from the last one to it. */
    toggle: (id: number, isRange = false) => {
      const last = isRange ? (anchor.current ?? id) : id
      const isSelected = !ids.has(id)
      const next = new Set(ids)
      for (const each of between(rows, last, id)) {
        if (isSelected) next.add(each)
        else next.delete(each)
      }
      anchor.current = id
      select(next)
    },
    selectLoaded: () => {
      select(new Set(rows.map(({ id }) => id)))
    },
    selectAllMatching: () => {
      setAllMatching(true)
    },
    clear: () => {
      select(none)
    },
  }
}

export type Selection = ReturnType<typeof useSelection>
