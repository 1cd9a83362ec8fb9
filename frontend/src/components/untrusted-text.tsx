import {
  codePoint,
  visibleNameParts,
  visibleParts,
} from '@/lib/hidden-characters'
import type { TextPart } from '@/lib/hidden-characters'

/** Text of an outsider, in which every character can be seen. */
export const UntrustedText = ({ children }: { children: string }) => (
  <Parts parts={visibleParts(children)} />
)

/** A name that an outsider chose, in which no letter passes for another. */
export const UntrustedName = ({ children }: { children: string }) => (
  <Parts parts={visibleNameParts(children)} />
)

const Parts = ({ parts }: { parts: TextPart[] }) =>
  parts.map(({ text, isHidden }, index) =>
    isHidden ? (
      <span
        key={index}
        title="A character that cannot be seen, or that looks like another"
        className="mx-px rounded-sm bg-failed/15 px-1 font-mono text-[0.6875rem] whitespace-nowrap text-failed"
      >
        {codePoint(text)}
      </span>
    ) : (
      <bdi key={index}>{text}</bdi>
    ),
  )
