import {
  expect,
  LONG_TEXT,
  openTask,
  register,
  runAssistant,
  scripted,
  test,
} from './journey'
import { startProxy } from './proxy'

test('from the first account to the first answer', async ({ page }) => {
  await page.goto('/')
  await register(page, 'first')
  await runAssistant(
    page,
    scripted({ text: LONG_TEXT, pieces: 240, delay: 0.05 }),
  )

  const answer = page.getByRole('log', { name: 'Answer' })
  await expect(answer).toContainText('Sentence 5 of the answer.')
  await expect(answer).not.toContainText('Sentence 59 of the answer.')
  await expect(answer).toHaveAttribute('aria-busy', 'true')

  // In the middle of the stream: the shown text is there again, and the rest follows.
  await page.reload()
  await expect(answer).toContainText('Sentence 5 of the answer.')
  await expect(answer).not.toContainText('Sentence 59 of the answer.')

  await expect(answer).toHaveAttribute('aria-busy', 'false')
  await expect(answer).toHaveText(LONG_TEXT)

  await page.reload()
  await expect(answer).toHaveText(LONG_TEXT)

  await page
    .getByRole('navigation')
    .getByRole('link', { name: 'Tasks' })
    .click()
  const row = page.getByRole('list', { name: 'Tasks' }).getByRole('listitem')
  await expect(row).toHaveCount(1)
  await expect(row.getByRole('img', { name: 'Completed' })).toBeVisible()
})

test('the stream continues without losing or repeating a character', async ({
  browser,
  baseURL,
}) => {
  const proxy = await startProxy(baseURL ?? '')
  const context = await browser.newContext({ baseURL: proxy.url })
  const page = await context.newPage()
  await register(page, 'cut')
  await runAssistant(
    page,
    scripted({ text: LONG_TEXT, pieces: 240, delay: 0.05 }),
  )
  const answer = page.getByRole('log', { name: 'Answer' })
  await expect(answer).toContainText('Sentence 5 of the answer.')

  proxy.cut()
  const note = page.getByText('Connection lost. Reconnecting…')
  await expect(note).toBeVisible()
  await expect(answer).toContainText('Sentence 5 of the answer.')
  proxy.restore()

  await expect(note).toBeHidden()
  await expect(answer).toHaveAttribute('aria-busy', 'false')
  await expect(answer).toHaveText(LONG_TEXT)
  await context.close()
  await proxy.close()
})

test('a failed task shows why, and runs again', async ({ page }) => {
  await register(page, 'failing')
  await runAssistant(page, scripted({ status: 401 }))
  await expect(page.getByRole('alert')).toContainText(/key/i)

  await openTask(page)
  await expect(page.getByText('Failed', { exact: true })).toBeVisible()
  const before = page.url()
  await page.getByRole('button', { name: 'Run again' }).click()
  await expect(page).not.toHaveURL(before)
  await expect(page.getByRole('alert')).toContainText(/key/i)
})
