import { startDemoProvider } from './demo-provider'
import { startAgentarium } from './server'

/** Starts the server of the demonstration and puts its URL into the environment. */
export default async function startDemo() {
  const provider = await startDemoProvider()
  const server = await startAgentarium(provider.url)
  process.env['AGENTARIUM_E2E_URL'] = server.url
  return async () => {
    await server.end()
    await provider.end()
  }
}
