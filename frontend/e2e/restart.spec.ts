import {
  expect,
  LONG_TEXT,
  register,
  runAssistant,
  scripted,
  test,
} from './journey'
import { startScripted } from './server'

test('a server killed while it streams loses and repeats nothing', async ({
  browser,
}) => {
  // The lease must expire before the task runs again, from the start of its answer.
  test.slow()
  const server = await startScripted()
  try {
    const context = await browser.newContext({ baseURL: server.url })
    const page = await context.newPage()
    await register(page, 'killed')
    await runAssistant(
      page,
      scripted({ text: LONG_TEXT, pieces: 240, delay: 0.05 }),
    )
    const answer = page.getByRole('log', { name: 'Answer' })
    await expect(answer).toContainText('Sentence 5 of the answer.')

    await server.kill()
    const note = page.getByText('Connection lost. Reconnecting…')
    await expect(note).toBeVisible()
    await expect(answer).toContainText('Sentence 5 of the answer.')
    await expect(answer).not.toContainText('Sentence 59 of the answer.')

    await server.restart()
    await expect(note).toBeHidden({ timeout: 30_000 })
    await expect(answer).toHaveAttribute('aria-busy', 'false', {
      timeout: 60_000,
    })
    await expect(answer).toHaveText(LONG_TEXT)
    await page.reload()
    await expect(answer).toHaveText(LONG_TEXT)
    await context.close()
  } finally {
    await server.end()
  }
})
