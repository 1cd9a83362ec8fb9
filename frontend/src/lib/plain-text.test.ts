import { expect, test } from 'vitest'

import { plainText } from './plain-text'

test.each([
  [
    '## What is new\n\n- **Shared** boards\n- [x] done',
    'What is new Shared boards done',
  ],
  ['See [the docs](https://example.org) and `code`.', 'See the docs and code.'],
  ['> A quotation\n\n```js\nrun()\n```', 'A quotation run()'],
  ['1. One\n2. Two', 'One Two'],
  ['a_snake_case * 2 * 3', 'a_snake_case * 2 * 3'],
  ['| a | b |\n| --- | ---: |\n| 1 | 2 |', '| a | b | | 1 | 2 |'],
])('reads %j as plain text', (markdown, words) => {
  expect(plainText(markdown)).toBe(words)
})
