import { expect, register, test } from './journey'

test('a token is shown once, works, and is revoked', async ({
  page,
  baseURL,
}) => {
  const username = await register(page, 'program')
  await page.goto('/settings?part=tokens')
  await page.getByRole('button', { name: 'New token' }).click()
  await page.getByLabel('Name').fill('nightly report')
  await page.getByRole('button', { name: 'Create token' }).click()
  const shown = page.getByLabel('The token', { exact: true })
  await expect(shown).toHaveText(/^agt_/)
  const token = (await shown.textContent()) ?? ''

  const ask = (path: string, init?: RequestInit) =>
    fetch(`${baseURL ?? ''}${path}`, {
      ...init,
      headers: { Authorization: `Bearer ${token}` },
    })
  const me = await ask('/api/auth/me/')
  expect(me.status).toBe(200)
  expect(await me.json()).toMatchObject({ username })
  const agents = await ask('/api/agents/')
  expect(await agents.json()).toMatchObject({
    results: [{ name: 'Assistant' }],
  })
  // It was created without the write scope.
  const refused = await ask('/api/agents/', { method: 'POST' })
  expect(refused.status).toBe(403)

  await page.getByRole('button', { name: 'I have copied it' }).click()
  const tokens = page.getByRole('list', { name: 'API tokens' })
  await expect(tokens).toContainText('nightly report')
  await page.reload()
  await expect(tokens).toContainText('Last used')
  await expect(page.getByText(token)).toHaveCount(0)

  await page.getByRole('button', { name: 'Revoke nightly report' }).click()
  await page.getByRole('button', { name: 'Revoke', exact: true }).click()
  await expect(page.getByText('No tokens yet')).toBeVisible()
  expect((await ask('/api/agents/')).status).toBe(401)
})
