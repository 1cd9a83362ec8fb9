import { expect, register, test } from './journey'
import { startMcpServer } from './mcp-server'

test('accept what an MCP server has changed', async ({ page }) => {
  const wiki = await startMcpServer()
  try {
    const user = await register(page, 'reviewer')
    await page.goto('/tools')
    await page.getByRole('button', { name: 'Add MCP server' }).click()
    await page.getByLabel('Name', { exact: true }).fill('wiki')
    await page.getByLabel('URL').fill(wiki.url)
    await page.getByRole('button', { name: 'Add server' }).click()
    await expect(page.getByText(/1 tool accepted/)).toBeVisible()

    wiki.change()
    await page.getByRole('button', { name: 'Refresh wiki' }).click()
    await page.getByRole('button', { name: 'Review changes of wiki' }).click()
    const change = page.getByRole('listitem', { name: 'search' })
    await expect(change).toContainText('and the mail.')
    await page.getByRole('button', { name: 'Accept 1 change' }).click()

    await expect(page.getByText('Changes accepted.')).toBeVisible()
    await page.getByText('History', { exact: true }).click()
    const decisions = page.getByRole('list', { name: 'Decisions' })
    await expect(decisions.getByRole('listitem')).toHaveText([
      new RegExp(`Accepted by ${user}.*search changed`),
      new RegExp(`Accepted by ${user}.*search added`),
    ])
  } finally {
    wiki.end()
  }
})
