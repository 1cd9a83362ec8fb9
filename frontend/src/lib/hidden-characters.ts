export type TextPart = { text: string; isHidden: boolean }

/**
 * Characters that a reader cannot see, or that reorder what they see: controls except line
 * feed and tab, format characters, blanks other than the space, private and unassigned ones.
 */
const HIDDEN =
  /([^\P{C}\n\t]|\p{Default_Ignorable_Code_Point}|[^\P{Z} ]|[\u115f\u1160\u2800\u3164\uffa0])/u

/** The parts of a text that can be seen and those that cannot, in order. */
export const visibleParts = (text: string): TextPart[] =>
  text
    .split(HIDDEN)
    .map((part, index) => ({ text: part, isHidden: index % 2 === 1 }))
    .filter((part) => part.text !== '')

/** How a hidden character is shown: "U+200B". */
export const codePoint = (character: string) =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`

/** A text with its hidden characters spelled out, for labels. */
export const spelledOut = (text: string) =>
  visibleParts(text)
    .map((part) => (part.isHidden ? ` ${codePoint(part.text)} ` : part.text))
    .join('')
