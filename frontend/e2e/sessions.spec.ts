import {
  expect,
  openTask,
  PASSWORD,
  register,
  runAssistant,
  scripted,
  test,
} from './journey'

test('two users cannot see each other', async ({ page, browser, baseURL }) => {
  await register(page, 'alice')
  await runAssistant(page, scripted({ text: 'A secret of Alice.' }))
  await expect(page.getByRole('log')).toContainText('A secret of Alice.')
  const agentUrl = page.url().replace(/\?.*/, '')
  await openTask(page)
  await expect(page).toHaveURL(/\/tasks\/\d+$/)
  const taskUrl = page.url()

  const stranger = await browser.newContext(baseURL ? { baseURL } : {})
  const other = await stranger.newPage()
  await register(other, 'bob')
  for (const url of [taskUrl, agentUrl]) {
    await other.goto(url)
    await expect(other.getByRole('alert')).toContainText('Not found')
    await expect(other.getByText('A secret of Alice.')).toHaveCount(0)
  }
  await other.goto('/tasks')
  await expect(other.getByText('No tasks yet')).toBeVisible()
  await stranger.close()
})

test('signing in again returns to the same screen', async ({ page }) => {
  const username = await register(page, 'carol')
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()

  await page.goto('/tasks?status=failed')
  await expect(page).toHaveURL(/\/sign-in\?redirect=/)
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('Password').fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert')).toBeVisible()
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()

  await expect(page).toHaveURL(/\/tasks\?status=failed$/)
  await expect(page.getByText('No matching tasks')).toBeVisible()
})

test('the selected theme is applied before the first paint', async ({
  page,
}) => {
  await register(page, 'dora')
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('menuitemradio', { name: 'Dark' }).click()
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')

  await page.reload({ waitUntil: 'commit' })
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
})
