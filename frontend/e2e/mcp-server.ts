import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

type Call = {
  id?: number
  method: string
  params?: { protocolVersion?: string }
}

const tool = (name: string, description: string) => ({
  name,
  description,
  inputSchema: { type: 'object' },
})

/** An MCP server whose tools a test can change. */
export async function startMcpServer() {
  let tools = [tool('search', 'Searches the wiki.')]
  const resultOf = ({ method, params }: Call) =>
    method === 'initialize'
      ? {
          protocolVersion: params?.protocolVersion ?? '2025-06-18',
          capabilities: { tools: {} },
          serverInfo: { name: 'wiki', version: '1' },
        }
      : { tools }

  const server = createServer((request, response) => {
    const answer = async () => {
      let body = ''
      for await (const data of request) body += String(data)
      const call = (body ? JSON.parse(body) : { method: '' }) as Call
      const { id } = call
      // A notification, a closed session, or a request for a stream, which it has not.
      if (id === undefined) {
        response.writeHead(request.method === 'POST' ? 202 : 405).end()
        return
      }
      response.writeHead(200, { 'Content-Type': 'application/json' })
      const result = resultOf(call)
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    }
    void answer()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    change: () => {
      tools = [tool('search', 'Searches the wiki and the mail.')]
    },
    end: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
