export type TextPart = { text: string; isHidden: boolean }

/**
 * Characters that a reader cannot see, or that reorder what they see: controls except line
 * feed and tab, format characters, blanks other than the space, private and unassigned ones.
 */
const HIDDEN =
  /([^\P{C}\n\t]|\p{Default_Ignorable_Code_Point}|[^\P{Z} ]|[\u115f\u1160\u2800\u3164\uffa0])/u

/** Everything that is not ASCII: a letter of another script may look like one of these. */
const FOREIGN = /([^ -~])/u

/** The parts of a text that can be seen and those that cannot, in order. */
export const visibleParts = (text: string) => partsOf(text, HIDDEN)

/** The parts of a name that are ASCII and those that are not, in order. */
export const visibleNameParts = (name: string) => partsOf(name, FOREIGN)

const partsOf = (text: string, hidden: RegExp): TextPart[] =>
  text
    .split(hidden)
    .map((part, index) => ({ text: part, isHidden: index % 2 === 1 }))
    .filter((part) => part.text !== '')

/** How a hidden character is shown: "U+200B". */
export const codePoint = (character: string) =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`

/** A name with its hidden and foreign characters spelled out, for labels. */
export const spelledOut = (name: string) =>
  visibleNameParts(name)
    .map((part) => (part.isHidden ? ` ${codePoint(part.text)} ` : part.text))
    .join('')
