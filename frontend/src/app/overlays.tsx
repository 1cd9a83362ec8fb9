import { lazy, Suspense, useState } from 'react'

import { useShortcuts } from './shortcuts'
import type { Overlay } from './shortcuts'

// Nobody waits for them at the start.
const Palette = lazy(async () => ({
  default: (await import('./palette')).Palette,
}))
const ShortcutsDialog = lazy(async () => ({
  default: (await import('./shortcuts-dialog')).ShortcutsDialog,
}))

/** What opens over any screen, and the keys that open it. */
export function useOverlays() {
  const [overlay, setOverlay] = useState<Overlay>()
  useShortcuts(setOverlay)

  const close = () => {
    setOverlay(undefined)
  }
  const overlays = (
    <Suspense>
      {overlay === 'palette' && <Palette onClose={close} onOpen={setOverlay} />}
      {overlay === 'shortcuts' && <ShortcutsDialog onClose={close} />}
    </Suspense>
  )
  return { overlays, open: setOverlay }
}
