import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import type { Page } from '@playwright/test'

import { DEMO_AGENTS, REFUSED_INPUT, SLOW_INPUT } from './demo-data'
import { createAccount, expect, test } from './journey'

const DOCS = fileURLToPath(new URL('../../docs/pictures/', import.meta.url))
const SIZE = { width: 1280, height: 800 }
const LIMIT_BYTES = 150_000

/** Save a screenshot as text that git can diff: a JPEG inside an SVG. */
async function saveScreenshot(page: Page, name: string, title: string) {
  const { width, height } = SIZE
  const jpeg = await page.screenshot({
    type: 'jpeg',
    quality: 72,
    scale: 'css',
  })
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img"><title>${title}</title><image width="${width}" height="${height}" href="data:image/jpeg;base64,${jpeg.toString('base64')}"/></svg>\n`
  expect(svg.length).toBeLessThan(LIMIT_BYTES)
  await mkdir(DOCS, { recursive: true })
  await writeFile(`${DOCS}${name}.svg`, svg)
}

/** Send a request as the page would, with its session. */
async function post<Answer>(page: Page, path: string, data: unknown) {
  const answer = await page.evaluate(
    async ([url, body]) => {
      const token = /csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? ''
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-CSRFToken': token },
        body,
      })
      if (!response.ok) throw new Error(await response.text())
      return response.text()
    },
    [path, JSON.stringify(data)] as const,
  )
  return JSON.parse(answer) as Answer
}

/** Create agents and tasks as a small company might have them. */
async function fill(page: Page) {
  let last = 0
  for (const { inputs, ...agent } of DEMO_AGENTS.toReversed()) {
    const { id } = await post<{ id: number }>(page, '/api/agents/', agent)
    last = id
    for (const input_text of inputs) {
      await post(page, '/api/tasks/run/', { agent: id, input_text })
    }
  }
  await post(page, '/api/tasks/run/', {
    agent: last,
    input_text: REFUSED_INPUT,
  })
  return last
}

test.use({ viewport: SIZE, colorScheme: 'light', reducedMotion: 'reduce' })

test('takes the screenshots of the README', async ({ page }) => {
  await createAccount(page, 'ada')
  const agent = await fill(page)

  await page.goto('/tasks')
  await expect(page.getByRole('img', { name: 'Completed' })).toHaveCount(6)
  await expect(page.getByRole('img', { name: 'Failed' })).toHaveCount(1)
  await post(page, '/api/tasks/run/', { agent, input_text: SLOW_INPUT })
  await expect(page.getByRole('img', { name: 'Running' })).toHaveCount(1)
  await saveScreenshot(page, 'tasks', 'The inbox of tasks')

  await page.getByRole('link', { name: /^Write the notes/ }).click()
  await expect(page.getByRole('log')).toContainText('acme upgrade')
  await saveScreenshot(page, 'task', 'A task with its answer')
})
