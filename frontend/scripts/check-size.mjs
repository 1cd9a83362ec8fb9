// Fails when the first load of the tasks screen exceeds its budget for scripts.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const BUDGET_KB = 200
const OUT = new URL('../../backend/agentarium/page/', import.meta.url)
const ENTRIES = ['index.html', 'src/app/screens/tasks-screen.tsx']

const manifest = JSON.parse(
  readFileSync(new URL('.vite/manifest.json', OUT), 'utf8'),
)

/** The files that `key` loads immediately, without those that it may load later. */
function scriptsOf(key, seen = new Set()) {
  const chunk = manifest[key]
  if (!chunk) throw new Error(`${key} is not in the build.`)
  if (!seen.has(chunk.file)) {
    seen.add(chunk.file)
    for (const next of chunk.imports ?? []) scriptsOf(next, seen)
  }
  return seen
}

const files = new Set(ENTRIES.flatMap((key) => [...scriptsOf(key)]))
const sizes = [...files].map((file) => ({
  file,
  kB: gzipSync(readFileSync(new URL(file, OUT))).length / 1000,
}))
const total = sizes.reduce((sum, { kB }) => sum + kB, 0)

for (const { file, kB } of sizes.sort((a, b) => b.kB - a.kB)) {
  console.log(`${kB.toFixed(1).padStart(7)} kB  ${file}`)
}
console.log(
  `${total.toFixed(1).padStart(7)} kB  gzipped script of the tasks screen (budget ${BUDGET_KB} kB)`,
)
if (total > BUDGET_KB) process.exit(1)
