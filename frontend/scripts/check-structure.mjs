// Fails when modules of the page import each other in a cycle, whether by value, by type
// or lazily, and when a folder holds more modules than a reader can survey.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

import ts from 'typescript'

const MAX_MODULES = 25
const SRC = fileURLToPath(new URL('../src/', import.meta.url))
const options = {
  baseUrl: dirname(SRC),
  paths: { '@/*': ['./src/*'] },
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  module: ts.ModuleKind.ESNext,
  jsx: ts.JsxEmit.ReactJSX,
}

const isModule = (name) => /\.tsx?$/.test(name) && !name.endsWith('.d.ts')
const isTest = (name) => /\.test\.tsx?$/.test(name)

const modules = readdirSync(SRC, { recursive: true })
  .filter(isModule)
  .map((name) => join(SRC, name))

function importsOf(file) {
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'))
  return importedFiles.flatMap(({ fileName }) => {
    const found = ts.resolveModuleName(fileName, file, options, ts.sys)
    const target = found.resolvedModule?.resolvedFileName
    return target?.startsWith(SRC) && isModule(target) ? [target] : []
  })
}

/** One path for each import that leads back to a module on the way to it. */
function cyclesOf(graph) {
  const cycles = []
  const done = new Set()
  const visit = (file, path) => {
    const start = path.indexOf(file)
    if (start >= 0) cycles.push([...path.slice(start), file])
    if (start >= 0 || done.has(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  return cycles
}

function sizesOf(files) {
  const sizes = new Map()
  for (const file of files.filter((each) => !isTest(each))) {
    const folder = dirname(file)
    sizes.set(folder, (sizes.get(folder) ?? 0) + 1)
  }
  return [...sizes]
}

const shown = (path) => relative(dirname(SRC), path)

const cycles = cyclesOf(new Map(modules.map((file) => [file, importsOf(file)])))
const problems = [
  ...cycles.map((cycle) => `Import cycle: ${cycle.map(shown).join(' -> ')}`),
  ...sizesOf(modules)
    .filter(([, size]) => size > MAX_MODULES)
    .map(
      ([folder, size]) =>
        `${shown(folder)} holds ${size} modules; split it by noun (at most ${MAX_MODULES}).`,
    ),
]
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
