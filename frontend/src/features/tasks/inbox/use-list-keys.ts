import { useRef } from 'react'

import { useShortcut } from '@/lib/use-shortcut'

import type { Selection } from './use-selection'

/** Move through a list with j and k, and select with x. Enter opens a link by itself. */
export function useListKeys({ toggle, clear }: Selection) {
  const list = useRef<HTMLUListElement>(null)

  const links = () => [
    ...(list.current?.querySelectorAll<HTMLElement>('a[data-task]') ?? []),
  ]
  const place = () => {
    const row = document.activeElement?.closest('li')
    return links().findIndex((link) => row?.contains(link))
  }
  const move = (by: number) => {
    const all = links()
    const next = Math.min(Math.max(place() + by, 0), all.length - 1)
    all[next]?.focus()
    all[next]?.scrollIntoView({ block: 'nearest' })
  }
  const select = (isRange: boolean) => {
    const id = Number(links()[place()]?.dataset['task'])
    if (id) toggle(id, isRange)
  }

  useShortcut('j', () => {
    move(1)
  })
  useShortcut('k', () => {
    move(-1)
  })
  useShortcut('x', () => {
    select(false)
  })
  useShortcut('X', () => {
    select(true)
  })
  useShortcut('Escape', clear)
  return list
}
