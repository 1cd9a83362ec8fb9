import { expect, register, runAssistant, scripted, test } from './journey'

const TASKS = 3

test('select many tasks and cancel them together', async ({ page }) => {
  // The tasks must still run after the clicks, even on a busy machine.
  test.slow()
  await register(page, 'bulk')
  const slow = scripted({ text: 'Word '.repeat(400), pieces: 400, delay: 0.5 })
  for (let count = 0; count < TASKS; count += 1) {
    await page.goto('/agents')
    await runAssistant(page, slow)
    await page.getByRole('link', { name: /^Task \d+$/ }).waitFor()
  }
  await page.goto('/tasks')
  const list = page.getByRole('list', { name: 'Tasks' })
  await expect(list.getByRole('img', { name: 'Running' })).toHaveCount(TASKS)

  // The newest continues, whatever happens to the others.
  await page.getByLabel('Select all shown tasks').check()
  await list.getByRole('checkbox').first().uncheck()
  const bar = page.getByRole('group', { name: 'Selected tasks' })
  await expect(bar.getByRole('status')).toHaveText(`${TASKS - 1} tasks`)
  await bar.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Cancel tasks' }).click()

  await expect(page.getByText(`${TASKS - 1} tasks cancelled.`)).toBeVisible()
  await expect(bar).toBeHidden()
  await expect(list.getByRole('img', { name: 'Cancelled' })).toHaveCount(
    TASKS - 1,
  )
  await expect(list.getByRole('img', { name: 'Running' })).toHaveCount(1)
})
