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

const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s"[\]{},:]+/g
const CLOSING = new Set([']', '}'])
/** Deeper than this, indentation is longer than what it shows. */
const MAX_DEPTH = 100

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
  let last = ''
  for (const token of text.match(TOKEN) ?? []) {
    const isEmpty = CLOSING.has(token) && (last === '[' || last === '{')
    if (CLOSING.has(token)) depth -= 1
    const breaksBefore = CLOSING.has(token) && !isEmpty
    const breaksAfter = last === '[' || last === '{' || last === ','
    if (breaksBefore || (breaksAfter && !isEmpty)) {
      shown += `\n${'  '.repeat(depth)}`
    }
    shown += token === ':' ? ': ' : token
    if (token === '[' || token === '{') depth += 1
    if (depth > MAX_DEPTH) return text
    last = token
  }
  return shown
}
