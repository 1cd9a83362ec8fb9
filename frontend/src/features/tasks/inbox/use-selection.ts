import { useRef, useState } from 'react'

type Row = { id: number }

const none: ReadonlySet<number> = new Set()

/** The rows from one to another, both included, in whichever direction. */
function between(rows: Row[], from: number, to: number) {
  const places = [from, to].map((id) => rows.findIndex((row) => row.id === id))
  const [start = 0, end = 0] = places.sort((a, b) => a - b)
  return rows.slice(Math.max(0, start), end + 1).map(({ id }) => id)
}

/** Which rows of a list are chosen; one that has left the list no longer is. */
export function useSelection(rows: Row[]) {
  const [ids, setIds] = useState(none)
  const [isAllFound, setAllFound] = useState(false)
  const anchor = useRef<number>(undefined)
  const chosen = rows.map(({ id }) => id).filter((id) => ids.has(id))

  const choose = (next: ReadonlySet<number>) => {
    setIds(next)
    setAllFound(false)
  }

  return {
    chosen,
    /** Whether it means all that the filters find, loaded or not. */
    isAllFound: isAllFound && chosen.length > 0,
    has: (id: number) => ids.has(id),
    /** Take a row in or out; with `isRange` all up to it from the last one. */
    toggle: (id: number, isRange = false) => {
      const last = isRange ? (anchor.current ?? id) : id
      const isChosen = !ids.has(id)
      const next = new Set(ids)
      for (const each of between(rows, last, id)) {
        if (isChosen) next.add(each)
        else next.delete(each)
      }
      anchor.current = id
      choose(next)
    },
    chooseLoaded: () => {
      choose(new Set(rows.map(({ id }) => id)))
    },
    chooseAllFound: () => {
      setAllFound(true)
    },
    clear: () => {
      choose(none)
    },
  }
}

export type Selecting = ReturnType<typeof useSelection>
