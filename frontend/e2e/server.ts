import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
const PYTHON = join(REPOSITORY, '.venv/bin/python')
const START_MILLISECONDS = 60_000

/** Variables of the shell that may belong to another deployment. */
const FOREIGN = [
  'DATABASE_URL',
  'AGENTARIUM_BROKER_URL',
  'AGENTARIUM_REDIS_URL',
]

function start(args: string[], env: Record<string, string> = {}) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !FOREIGN.includes(name),
  )
  const child = spawn(PYTHON, args, {
    cwd: REPOSITORY,
    env: {
      ...Object.fromEntries(inherited),
      PYTHONPATH: join(REPOSITORY, 'backend'),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log: string[] = []
  child.stdout.on('data', (data) => log.push(String(data)))
  child.stderr.on('data', (data) => log.push(String(data)))
  return { child, log }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await ended
}

export async function freePort() {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function firstLine(child: ChildProcess) {
  if (!child.stdout) throw new Error('The process has no output.')
  for await (const line of createInterface(child.stdout)) return line
  throw new Error('The process ended without any output.')
}

async function isHealthy(url: string) {
  try {
    return (await fetch(`${url}/healthz`)).ok
  } catch {
    return false
  }
}

async function untilHealthy(url: string, child: ChildProcess, log: string[]) {
  const deadline = Date.now() + START_MILLISECONDS
  while (!(await isHealthy(url))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`Agentarium did not start:\n${log.join('')}`)
    }
    await sleep(200)
  }
}

function startUp(data: string, url: string, providerUrl: string) {
  const { port } = new URL(url)
  return start(['-m', 'agentarium.cli', 'up', '--no-model', '--port', port], {
    AGENTARIUM_DATA: data,
    AGENTARIUM_URL: url,
    // The tests' own MCP server.
    AGENTARIUM_OUTBOUND_ALLOW: '127.0.0.1',
    AGENTARIUM_DEFAULT_MODEL: 'openai:fake',
    AGENTARIUM_RATE_ANONYMOUS: '10000/min',
    AGENTARIUM_RATE_LOGIN: '10000/min',
    OPENAI_API_KEY: 'scripted',
    OPENAI_BASE_URL: `${providerUrl}/v1`,
  })
}

/** A server with an empty data folder, whose only model is served at `providerUrl`. */
export async function startAgentarium(providerUrl: string) {
  const data = await mkdtemp(join(tmpdir(), 'agentarium-e2e-'))
  const url = `http://127.0.0.1:${await freePort()}`
  let server = startUp(data, url, providerUrl)
  const end = async () => {
    await stop(server.child)
    await rm(data, { recursive: true, force: true })
  }
  /** Like a power cut: the process cannot save anything. */
  const kill = () => stop(server.child, 'SIGKILL')
  /** After a kill, with the same folder and port. */
  const restart = async () => {
    server = startUp(data, url, providerUrl)
    await untilHealthy(url, server.child, server.log)
  }
  try {
    await untilHealthy(url, server.child, server.log)
  } catch (error) {
    await end()
    throw error
  }
  return { url, end, kill, restart }
}

/** The same, with a scripted provider of its own. */
export async function startScripted() {
  const provider = start(['-m', 'bench.fake_provider'])
  try {
    const server = await startAgentarium(await firstLine(provider.child))
    const end = async () => {
      await Promise.all([server.end(), stop(provider.child)])
    }
    return { ...server, end }
  } catch (error) {
    await stop(provider.child)
    throw error
  }
}

/**
 * One server for all journeys, with a scripted provider. `AGENTARIUM_E2E_URL` names one
 * that is already running with such a provider.
 */
export default async function startServer() {
  if (process.env['AGENTARIUM_E2E_URL']) return undefined

  const { url, end } = await startScripted()
  process.env['AGENTARIUM_E2E_URL'] = url
  return end
}
