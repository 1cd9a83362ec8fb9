import { cn } from '@/lib/cn'

import { CopyButton } from './copy-button'

type CodeBlockProps = {
  text: string
  label: string
  /** What the button copies, where that differs from what is shown. */
  copied?: string
  className?: string
}

/** Preformatted text with a button that copies it. */
export function CodeBlock({ text, label, copied, className }: CodeBlockProps) {
  return (
    <div className="relative min-w-0">
      <pre
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrollable content must be reachable by keyboard.
        tabIndex={0}
        role="group"
        aria-label={label}
        className={cn(
          'max-h-80 overflow-auto rounded-lg border bg-muted/60 py-2.5 pr-11 pl-3 font-mono text-xs leading-relaxed wrap-anywhere whitespace-pre-wrap',
          className,
        )}
      >
        {text}
      </pre>
      <CopyButton
        text={copied ?? text}
        label={`Copy ${label.toLowerCase()}`}
        className="absolute top-1 right-1 bg-muted"
      />
    </div>
  )
}
