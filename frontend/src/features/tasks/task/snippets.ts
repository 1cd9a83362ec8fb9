export const LANGUAGES = ['curl', 'Python', 'TypeScript'] as const
export type Language = (typeof LANGUAGES)[number]

type Run = { base: string; agent: number; text: string }

/** Within single quotes, a shell interprets nothing but the closing quote. */
const shellQuoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

function curl({ base, agent, text }: Run) {
  const body = JSON.stringify({ agent, input_text: text })
  return `curl ${base}/api/tasks/run/ \\
  -H "Authorization: Bearer $AGENTARIUM_TOKEN" \\
  -H 'Content-Type: application/json' \\
  -d ${shellQuoted(body)}`
}

// A JSON string is also a valid string literal in Python and in TypeScript.
function python({ base, agent, text }: Run) {
  return `import os

import requests

response = requests.post(
    "${base}/api/tasks/run/",
    headers={"Authorization": f"Bearer {os.environ['AGENTARIUM_TOKEN']}"},
    json={"agent": ${agent}, "input_text": ${JSON.stringify(text)}},
    timeout=30,
)
response.raise_for_status()
print(response.json()["id"])`
}

function typescript({ base, agent, text }: Run) {
  return `const response = await fetch('${base}/api/tasks/run/', {
  method: 'POST',
  headers: {
    Authorization: \`Bearer \${process.env.AGENTARIUM_TOKEN}\`,
    'Content-Type': 'application/json',
  },
  body: JSON.stringify({ agent: ${agent}, input_text: ${JSON.stringify(text)} }),
})
if (!response.ok) throw new Error(await response.text())
const task: { id: number } = await response.json()
console.log(task.id)`
}

const WRITERS: Record<Language, (run: Run) => string> = {
  curl,
  Python: python,
  TypeScript: typescript,
}

/** A program that submits the same task. */
export const snippetOf = (language: Language, run: Run) =>
  WRITERS[language](run)
