import { expect, register, test } from './journey'

test('create, edit, delete and restore an agent', async ({ page }) => {
  await register(page, 'maker')
  await page.getByRole('button', { name: 'New agent' }).click()
  await expect(page.getByLabel('Model')).toContainText('fake')
  await page.getByLabel('Name').fill('Writer')
  await page.getByLabel('Instructions').fill('Write well.')
  await page.getByRole('button', { name: 'Create agent' }).click()
  await expect(page.getByRole('heading', { name: 'Writer' })).toBeVisible()

  await page.getByRole('button', { name: 'Edit' }).click()
  await page.getByLabel('Name').fill('Editor')
  await page.getByLabel('Timeout', { exact: true }).fill('0')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await expect(page.getByText('At least one second.')).toBeVisible()
  await page.getByLabel('Timeout', { exact: true }).fill('60')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await expect(page.getByRole('heading', { name: 'Editor' })).toBeVisible()
  await expect(page.getByText('60 s')).toBeVisible()

  await page.getByRole('button', { name: 'Actions for Editor' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('button', { name: 'Delete agent' }).click()
  const agents = page.getByRole('list', { name: 'Agents' })
  await expect(agents.getByRole('listitem')).toHaveCount(1)
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(agents.getByRole('link', { name: 'Editor' })).toBeVisible()
})

test('see what a version changed, and restore it', async ({ page }) => {
  await register(page, 'versions')
  await page.getByRole('link', { name: 'Assistant' }).click()
  await page.getByRole('button', { name: 'Edit' }).click()
  await page.getByLabel('Instructions').fill('Answer in one word.')
  await page.getByRole('button', { name: 'Save changes' }).click()
  const definition = page.getByRole('region', { name: 'Definition' })
  await expect(definition).toContainText('Answer in one word.')

  await page.getByRole('button', { name: /^Version 1/ }).click()
  const diff = page.getByRole('dialog').getByRole('region', {
    name: 'Instructions',
  })
  await expect(diff).toContainText('removed: Answer in one word.')
  await page.getByRole('button', { name: 'Restore version 1' }).click()
  await expect(definition).not.toContainText('Answer in one word.')

  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(definition).toContainText('Answer in one word.')
})
