import { expect, test } from 'vitest'

import { LANGUAGES, snippetOf } from './snippets'

const base = 'https://agents.example.org'

/** What a POSIX shell passes for the single-quoted argument after `-d`. */
function bodyOfCurl(snippet: string) {
  const quoted = snippet.slice(snippet.indexOf("-d '") + 3)
  return quoted
    .replaceAll(`'\\''`, '\u0000')
    .replaceAll("'", '')
    .replaceAll('\u0000', "'")
}

/** The string literal after `input_text` in Python or TypeScript. */
const literalIn = (snippet: string) =>
  /input_text"?: ("(?:[^"\\]|\\.)*")/.exec(snippet)?.[1] ?? ''

const HOSTILE = [
  'Say hello',
  `It's "quoted"`,
  `'; rm -rf / #`,
  '$(id) `id` ${HOME} %s',
  'two\nlines\r\nand\ttabs\\',
  '👋 \u2028 \u0000',
  '${process.env.SECRET}',
]

test.each(HOSTILE)('passes %j through a shell unchanged', (text) => {
  const snippet = snippetOf('curl', { base, agent: 7, text })

  expect(JSON.parse(bodyOfCurl(snippet))).toEqual({
    agent: 7,
    input_text: text,
  })
})

test.each(HOSTILE)('writes %j as a string of Python and TypeScript', (text) => {
  for (const language of ['Python', 'TypeScript'] as const) {
    const snippet = snippetOf(language, { base, agent: 7, text })
    expect(JSON.parse(literalIn(snippet))).toBe(text)
  }
})

test.each(LANGUAGES)('never contains a token in %s', (language) => {
  const snippet = snippetOf(language, { base, agent: 7, text: 'Hi' })

  expect(snippet).toContain('AGENTARIUM_TOKEN')
  expect(snippet).toContain(`${base}/api/tasks/run/`)
  expect(snippet).not.toContain('agt_')
})
