import { codePoint, visibleParts } from '@/lib/hidden-characters'

/** Text of an outsider, in which every character can be seen. */
export function UntrustedText({ children }: { children: string }) {
  return visibleParts(children).map(({ text, isHidden }, index) =>
    isHidden ? (
      <span
        key={index}
        title="A character that cannot be seen"
        className="mx-px rounded-sm bg-failed/15 px-1 font-mono text-[0.6875rem] whitespace-nowrap text-failed"
      >
        {codePoint(text)}
      </span>
    ) : (
      <bdi key={index}>{text}</bdi>
    ),
  )
}
