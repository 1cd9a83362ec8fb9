import { expect, register, test } from './journey'

test('find an agent, run it and leave, without the mouse', async ({ page }) => {
  await register(page, 'keys')
  const palette = page.getByRole('combobox', {
    name: 'Search or run a command',
  })

  await page.keyboard.press('Control+k')
  await palette.fill('assis')
  await expect(page.getByRole('option')).toHaveText([/^Assistant/])
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Assistant' })).toBeVisible()

  await page.getByLabel('Input').focus()
  await page.keyboard.type('Say something.')
  await page.keyboard.press('Control+Enter')
  await expect(page.getByRole('log')).toHaveAttribute('aria-busy', 'false')

  await page.keyboard.press('Control+k')
  await palette.fill('sign out')
  await expect(page.getByRole('option')).toHaveText([/^Sign out/])
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
})
