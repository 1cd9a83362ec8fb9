import { useEffect, useRef } from 'react'

/** A ref for what has the focus as soon as it appears: somebody asked for it. */
export function useFocus<Target extends HTMLElement>() {
  const target = useRef<Target>(null)
  useEffect(() => {
    target.current?.focus()
  }, [])
  return target
}
