import { lazy, Suspense, useState } from 'react'

import { PaletteField } from './palette-field'
import { useShortcuts } from './shortcuts'
import type { Overlay } from './shortcuts'

// Not needed for the first paint.
const Palette = lazy(async () => ({
  default: (await import('./palette')).Palette,
}))
const ShortcutsDialog = lazy(async () => ({
  default: (await import('./shortcuts-dialog')).ShortcutsDialog,
}))

/** The dialogs that open over any screen, and the keys that open them. */
export function useOverlays() {
  const [overlay, setOverlay] = useState<Overlay>()
  const [typed, setTyped] = useState('')

  const open = (next: Overlay) => {
    setTyped('')
    setOverlay(next)
  }
  const close = () => {
    setOverlay(undefined)
  }
  useShortcuts(open)

  const overlays = (
    <>
      {overlay === 'palette' && (
        <Suspense
          fallback={
            <PaletteField text={typed} onType={setTyped} onClose={close} />
          }
        >
          <Palette initialText={typed} onClose={close} onOpen={open} />
        </Suspense>
      )}
      <Suspense>
        {overlay === 'shortcuts' && <ShortcutsDialog onClose={close} />}
      </Suspense>
    </>
  )
  return { overlays, open }
}
