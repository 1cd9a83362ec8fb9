/** A line, or the words in a diff of words. */
export type DiffLine = { kind: 'same' | 'removed' | 'added'; text: string }

/** Beyond this many pairs, everything between the equal ends is shown as replaced. */
const MAX_PAIRS = 4_000_000

const mark = (kind: DiffLine['kind'], lines: string[]) =>
  lines.map((text): DiffLine => ({ kind, text }))

/** The differences between two texts, line by line. */
export const diffLines = (before: string, after: string): DiffLine[] =>
  diffSequences(
    before ? before.split('\n') : [],
    after ? after.split('\n') : [],
  )

const wordsOf = (text: string) => text.match(/\s+|\S+/g) ?? []

/** The differences between two texts, word by word; neighbours of one kind are joined. */
export function diffWords(before: string, after: string): DiffLine[] {
  const joined: DiffLine[] = []
  for (const { kind, text } of diffSequences(wordsOf(before), wordsOf(after))) {
    const last = joined.at(-1)
    if (last?.kind === kind) last.text += text
    else joined.push({ kind, text })
  }
  return joined
}

function diffSequences(old: string[], next: string[]): DiffLine[] {
  const start = commonStart(old, next)
  const end = commonStart(
    old.slice(start).toReversed(),
    next.slice(start).toReversed(),
  )
  const oldMiddle = old.slice(start, old.length - end)
  const nextMiddle = next.slice(start, next.length - end)
  return [
    ...mark('same', old.slice(0, start)),
    ...(oldMiddle.length * nextMiddle.length > MAX_PAIRS
      ? [...mark('removed', oldMiddle), ...mark('added', nextMiddle)]
      : diffMiddle(oldMiddle, nextMiddle)),
    ...mark('same', old.slice(old.length - end)),
  ]
}

function commonStart(a: string[], b: string[]) {
  const length = Math.min(a.length, b.length)
  let start = 0
  while (start < length && a[start] === b[start]) start += 1
  return start
}

/** Along the longest common subsequence of both. */
function diffMiddle(old: string[], next: string[]) {
  const lengths = commonLengths(old, next)
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0
  const lines: DiffLine[] = []
  let i = 0
  let j = 0
  while (i < old.length || j < next.length) {
    const [a, b] = [old[i], next[j]]
    if (a !== undefined && a === b) {
      lines.push({ kind: 'same', text: a })
      i += 1
      j += 1
    } else if (a !== undefined && at(i + 1, j) >= at(i, j + 1)) {
      lines.push({ kind: 'removed', text: a })
      i += 1
    } else {
      lines.push({ kind: 'added', text: b ?? '' })
      j += 1
    }
  }
  return lines
}

/** The number of lines that the texts after `i` and `j` have in common, for each `i` and `j`. */
function commonLengths(old: string[], next: string[]) {
  let below = new Uint32Array(next.length + 1)
  const rows = [below]
  for (const line of old.toReversed()) {
    below = rowAbove(below, line, next)
    rows.push(below)
  }
  return rows.reverse()
}

function rowAbove(below: Uint32Array, line: string, next: string[]) {
  const row = new Uint32Array(below.length)
  const at = (cells: Uint32Array, j: number) => cells[j] ?? 0
  for (let j = next.length - 1; j >= 0; j -= 1) {
    row[j] =
      line === next[j]
        ? at(below, j + 1) + 1
        : Math.max(at(below, j), at(row, j + 1))
  }
  return row
}
