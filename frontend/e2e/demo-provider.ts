import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { answerTo } from './demo-data'

type Message = { role: string; content: unknown }

const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`

const chunk = (content: string) => ({
  id: 'demo',
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta: { role: 'assistant', content } }],
})

const end = (text: string) => ({
  ...chunk(''),
  choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
  usage: {
    prompt_tokens: 180,
    completion_tokens: Math.ceil(text.length / 4),
    total_tokens: 180 + Math.ceil(text.length / 4),
  },
})

function lastInput(body: string) {
  const { messages } = JSON.parse(body) as { messages: Message[] }
  const last = messages.findLast(({ role }) => role === 'user')
  const content = last?.content
  return typeof content === 'string' ? content : JSON.stringify(content)
}

/** Speaks the API of OpenAI, with the answers of the demonstration. */
export async function startDemoProvider() {
  const server = createServer((request, response) => {
    // It does not list models.
    if (request.method !== 'POST') {
      response.writeHead(404).end()
      return
    }
    const answer = async () => {
      let body = ''
      for await (const data of request) body += String(data)
      const { text, delay, status = 200 } = answerTo(lastInput(body))
      if (status !== 200) {
        response.writeHead(status, { 'Content-Type': 'application/json' })
        response.end(JSON.stringify({ error: { message: text } }))
        return
      }
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      for (const piece of text.match(/.{1,12}/gs) ?? []) {
        response.write(event(chunk(piece)))
        await sleep(delay)
      }
      response.end(`${event(end(text))}data: [DONE]\n\n`)
    }
    void answer()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    end: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
