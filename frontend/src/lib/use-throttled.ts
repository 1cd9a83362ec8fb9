import { useEffect, useRef, useState } from 'react'

/**
 * The value, taken over at most once in a while, however often it changes.
 *
 * The wait begins when the last one has been rendered, so that a slow rendering of a
 * fast stream leaves the browser time for everything else.
 */
export function useThrottled<Value>(value: Value, milliseconds: number) {
  const [shown, setShown] = useState(value)
  const latest = useRef(value)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)

  useEffect(() => {
    latest.current = value
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      setShown(latest.current)
    }, milliseconds)
  }, [value, milliseconds])

  useEffect(
    () => () => {
      clearTimeout(timer.current)
      timer.current = undefined
    },
    [],
  )

  return shown
}
