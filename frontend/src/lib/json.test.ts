import { expect, test } from 'vitest'

import { formatJson, parseJson, readObject } from './json'

test.each([
  '{"a":1,"b":[true,null,{"c":"d"}],"e":{},"f":[]}',
  '[]',
  '{}',
  '"a, b: [c] {d}"',
  '[[],[[]],{"a":[]}]',
  '[1.5e-7,-0.25]',
  ' { "a" : [ 1 , 2 ] } ',
])('indents %s as JSON.stringify does', (text) => {
  expect(formatJson(text)).toBe(JSON.stringify(JSON.parse(text), null, 2))
})

test.each(['', 'plain words', '{"a": 1', '{a: 1}', 'undefined', '[1,]'])(
  'leaves %j as it is, which is not JSON',
  (text) => {
    expect(formatJson(text)).toBe(text)
    expect(parseJson(text)).toBeUndefined()
  },
)

test('shows every digit of a number that JavaScript cannot hold', () => {
  expect(formatJson('{"account":12345678901234567890}')).toBe(
    '{\n  "account": 12345678901234567890\n}',
  )
})

test('shows both of two keys of the same name', () => {
  expect(formatJson('{"to":"bob","to":"eve"}')).toBe(
    '{\n  "to": "bob",\n  "to": "eve"\n}',
  )
})

test('keeps brackets, quotes and escapes within strings', () => {
  const text = String.raw`{"a":"\"[{,:}]\\"}`

  expect(formatJson(text)).toBe(String.raw`{
  "a": "\"[{,:}]\\"
}`)
})

test('does not overflow on brackets without end', () => {
  const text = '['.repeat(100_000) + ']'.repeat(100_000)

  expect(formatJson(text)).toBe(text)
})

test.each([
  ['{"a": 1}', { a: 1 }],
  ['[1]', undefined],
  ['null', undefined],
  ['"text"', undefined],
  ['{', undefined],
])('reads %s as the object %j', (text, object) => {
  expect(readObject(text)).toEqual(object)
})
