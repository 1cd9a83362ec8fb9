import { BrainIcon, ChevronRightIcon } from 'lucide-react'

type ReasoningProps = { text: string; isOpen?: boolean }

/** The reasoning of a model before its answer, collapsed unless `isOpen`. */
export function Reasoning({ text, isOpen = false }: ReasoningProps) {
  if (!text) return null
  return (
    <details open={isOpen} className="group rounded-xl border bg-muted/50">
      <summary className="flex cursor-pointer list-none items-center gap-2 rounded-xl px-3 py-2 text-sm text-muted-foreground">
        <BrainIcon aria-hidden className="size-4" />
        Reasoning
        <ChevronRightIcon
          aria-hidden
          className="size-4 transition-transform group-open:rotate-90"
        />
      </summary>
      <p className="px-3 pb-3 text-sm wrap-anywhere whitespace-pre-wrap text-muted-foreground">
        {text}
      </p>
    </details>
  )
}
