import {
  expect,
  openTask,
  register,
  runAssistant,
  scripted,
  test,
} from './journey'

test('filter, and return by the address', async ({ page }) => {
  await register(page, 'filter')
  await runAssistant(page, scripted({ text: 'Fine.' }))
  await expect(page.getByRole('log')).toContainText('Fine.')
  await page.goto('/tasks')
  const rows = page.getByRole('list', { name: 'Tasks' }).getByRole('listitem')
  await expect(rows).toHaveCount(1)

  await page.getByRole('button', { name: 'Status: Any status' }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Failed' }).click()
  await page.keyboard.press('Escape')
  await expect(page.getByText('No matching tasks')).toBeVisible()
  await expect(page).toHaveURL(/status=failed/)

  await page.goto('/tasks?status=completed&period=24h')
  await expect(rows).toHaveCount(1)
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: /^Task \d+/ })).toBeVisible()
})

test('cancel a task while it streams, and retry it', async ({ page }) => {
  await register(page, 'cancel')
  const script = { text: 'Word '.repeat(200), pieces: 200, delay: 0.1 }
  await runAssistant(page, scripted(script))
  await openTask(page)
  await expect(page.getByRole('log')).toContainText('Word Word')

  await page.getByRole('button', { name: 'Cancel', exact: true }).click()
  await expect(page.getByText('Cancelled', { exact: true })).toBeVisible()
  await expect(page.getByRole('log')).toContainText('Word Word')

  await page.getByRole('button', { name: 'Retry' }).click()
  await expect(page.getByText('Running', { exact: true })).toBeVisible()
})
