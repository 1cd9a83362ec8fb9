import { expect, test } from 'vitest'

import { codePoint, spelledOut, visibleParts } from './hidden-characters'

const hidden = (text: string) =>
  visibleParts(text)
    .filter((part) => part.isHidden)
    .map((part) => codePoint(part.text))

test.each([
  ['zero width', 'a\u200bb', ['U+200B']],
  ['right to left', '\u202eb\u2066', ['U+202E', 'U+2066']],
  ['escape', '\u001b[8m', ['U+001B']],
  ['carriage return', 'a\rb', ['U+000D']],
  ['next line and line separator', '\u0085\u2028', ['U+0085', 'U+2028']],
  ['tags', '\u{e0041}\u{e0042}', ['U+E0041', 'U+E0042']],
  ['variation selectors', '\ufe0f\u{e0100}', ['U+FE0F', 'U+E0100']],
  ['soft hyphen', 'a\u00adb', ['U+00AD']],
  ['no-break space', 'a\u00a0b', ['U+00A0']],
  ['Hangul filler', '\u3164', ['U+3164']],
  ['braille blank', '\u2800', ['U+2800']],
  ['private use', '\ue000', ['U+E000']],
  ['lone surrogate', '\ud800', ['U+D800']],
])('shows %s', (_, text, points) => {
  expect(hidden(text)).toEqual(points)
})

test('leaves visible text as it is', () => {
  const text = 'Größe: 3 € <b>\n\t日本語 🙂'

  expect(visibleParts(text)).toEqual([{ text, isHidden: false }])
  expect(visibleParts('')).toEqual([])
})

test('spells out what is not ASCII in a name', () => {
  expect(spelledOut('s\u0435arch')).toBe('s U+0435 arch')
  expect(spelledOut('read_file-2.x')).toBe('read_file-2.x')
})
