import { useFocus } from '@/lib/use-focus'

export const PALETTE_TITLE = 'Search or run a command'

type PaletteFieldProps = {
  text: string
  onType: (text: string) => void
  onClose: () => void
}

/** Takes the input until the palette has loaded, so that no key is lost or reaches the screen. */
export function PaletteField({ text, onType, onClose }: PaletteFieldProps) {
  const field = useFocus<HTMLInputElement>()
  return (
    <div className="fixed inset-0 z-50 bg-black/45">
      <div className="absolute top-[12dvh] left-1/2 w-[calc(100%-1.5rem)] max-w-xl -translate-x-1/2 rounded-2xl border bg-popover pr-3 pl-9 shadow-lg">
        <input
          ref={field}
          aria-label={PALETTE_TITLE}
          value={text}
          className="h-10 w-full bg-transparent text-base outline-none focus-visible:outline-none sm:text-sm touch:h-12"
          onChange={(event) => {
            onType(event.target.value)
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape') onClose()
          }}
          onBlur={onClose}
        />
      </div>
    </div>
  )
}
