import { Kbd } from '@/components/kbd'
import { Dialog, DialogContent } from '@/components/ui/dialog'

import { SHORTCUTS } from './shortcuts'

/** Lists the keyboard shortcuts. */
export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog
      open
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose()
      }}
    >
      <DialogContent
        title="Keyboard shortcuts"
        description="Available on every screen, except while you are typing."
      >
        <dl className="min-h-0 divide-y overflow-y-auto px-5 py-2 text-sm sm:px-6">
          {SHORTCUTS.map(({ keys, label }) => (
            <div
              key={label}
              className="flex items-center justify-between gap-4 py-2.5"
            >
              <dt>{label}</dt>
              <dd className="flex shrink-0 gap-1">
                {keys.map((key) => (
                  <Kbd key={key}>{key}</Kbd>
                ))}
              </dd>
            </div>
          ))}
        </dl>
      </DialogContent>
    </Dialog>
  )
}
