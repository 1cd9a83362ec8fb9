import { useEffect, useRef, useState } from 'react'

/**
 * The value, updated at most once per interval, however often it changes.
 *
 * The interval starts when the last value has been rendered, so that rendering a fast
 * stream slowly leaves the browser time for everything else.
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
