/** The value that a text of JSON holds, or nothing where the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The object that a text of JSON holds, or nothing where it holds no object. */
export function readObject(text: string): Record<string, unknown> | undefined {
  const value = parseJson(text)
  const isObject =
    typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? { ...value } : undefined
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{}]|[,:]|[^\s"[\]{},:]+/g
const OPENING = '[{'
const CLOSING = ']}'
/** Deeper than this, the indentation is longer than the text. */
const MAX_DEPTH = 100

const isOneOf = (token: string, tokens: string) =>
  token !== '' && tokens.includes(token)

const spaced = (token: string) => (token === ':' ? ': ' : token)

/** Whether a token starts a new line. */
function startsLine(token: string, previous: string) {
  const isAfterOpening = isOneOf(previous, OPENING)
  if (isOneOf(token, CLOSING)) return !isAfterOpening
  return isAfterOpening || previous === ','
}

/**
 * JSON indented to be read; any other text stays as it is.
 *
 * It is laid out by its tokens rather than by its values: a person who approves a call
 * must see every digit of a number and every key, also those that parsing would lose.
 */
export function formatJson(text: string) {
  if (parseJson(text) === undefined) return text
  let depth = 0
  let shown = ''
  let previous = ''
  for (const token of text.match(TOKEN) ?? []) {
    if (isOneOf(token, CLOSING)) depth -= 1
    if (startsLine(token, previous)) shown += `\n${'  '.repeat(depth)}`
    shown += spaced(token)
    if (isOneOf(token, OPENING)) depth += 1
    if (depth > MAX_DEPTH) return text
    previous = token
  }
  return shown
}
