import { useEffect, useEffectEvent } from 'react'

const OVERLAYS =
  '[role="dialog"], [role="alertdialog"], [role="menu"], [role="listbox"]'

function isTyping(target: EventTarget | null) {
  if (!(target instanceof HTMLElement)) return false
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox'
  return target.isContentEditable || target.matches('textarea, select')
}

/** Whether the key is meant for something else: a field, a dialog or the browser. */
function isTaken(event: KeyboardEvent) {
  const { target } = event
  return (
    event.defaultPrevented ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    isTyping(target) ||
    (target instanceof Element && target.closest(OVERLAYS) !== null)
  )
}

/** Call back when this key is pressed outside fields and dialogs. */
export function useShortcut(key: string, onPress: () => void) {
  const press = useEffectEvent(onPress)
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key !== key || isTaken(event)) return
      event.preventDefault()
      press()
    }
    document.addEventListener('keydown', listen)
    return () => {
      document.removeEventListener('keydown', listen)
    }
  }, [key])
}
