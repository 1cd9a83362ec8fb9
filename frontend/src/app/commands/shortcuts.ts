import { useRouter } from '@tanstack/react-router'
import { useEffect, useEffectEvent, useRef } from 'react'

import { DESTINATIONS } from '../layout/navigation'

export type Overlay = 'palette' | 'shortcuts'

/** How long after `g` a second key completes the shortcut. */
const SEQUENCE_MILLISECONDS = 1500

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent)

/** The modifier key of the user's platform. */
export const COMMAND_KEY = isMac ? '⌘' : 'Ctrl'

export const SHORTCUTS: { keys: string[]; label: string }[] = [
  { keys: [COMMAND_KEY, 'K'], label: 'Open the command palette' },
  { keys: ['?'], label: 'Show these shortcuts' },
  { keys: ['/'], label: 'Search on this screen' },
  { keys: ['J', 'K'], label: 'Next and previous task' },
  { keys: ['X'], label: 'Select a task; with Shift, a range' },
  { keys: ['N'], label: 'New agent' },
  ...DESTINATIONS.map(({ label, key }) => ({
    keys: ['G', key.toUpperCase()],
    label: `Go to ${label}`,
  })),
  { keys: [COMMAND_KEY, 'Enter'], label: 'Run the agent' },
  { keys: ['Esc'], label: 'Close or clear' },
]

/** Whether the key is meant for a field or for an open dialog. */
function isTaken({ target }: KeyboardEvent) {
  if (
    document.querySelector(
      '[role="dialog"], [role="alertdialog"], [role="menu"]',
    )
  )
    return true
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches('input, textarea, select, [role="combobox"]'))
  )
}

function focusSearch() {
  const field = document.querySelector<HTMLInputElement>(
    'main [role="search"] input',
  )
  field?.focus()
  field?.select()
  return field !== null
}

/** The shortcuts that work on every screen. */
export function useShortcuts(onOpen: (overlay: Overlay) => void) {
  const router = useRouter()
  const goingSince = useRef(0)

  const pressSingle = (key: string) => {
    const isGoing =
      performance.now() - goingSince.current < SEQUENCE_MILLISECONDS
    goingSince.current = key === 'g' ? performance.now() : 0
    const destination = isGoing && DESTINATIONS.find((each) => each.key === key)
    if (destination) {
      void router.navigate(destination.link)
      return true
    }
    if (key === '/') return focusSearch()
    if (key === '?') onOpen('shortcuts')
    else if (key === 'n')
      void router.navigate({ to: '/agents', search: { dialog: 'new' } })
    else return false
    return true
  }

  const press = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || event.altKey) return
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== 'k') return
      onOpen('palette')
    } else if (isTaken(event) || !pressSingle(event.key)) return
    event.preventDefault()
  })

  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      press(event)
    }
    document.addEventListener('keydown', listener)
    return () => {
      document.removeEventListener('keydown', listener)
    }
  }, [])
}
