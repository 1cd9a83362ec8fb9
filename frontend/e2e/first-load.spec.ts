import { expect, test } from './journey'

test('scripts and styles are compressed, and cached forever', async ({
  page,
}) => {
  const files: { type: string; headers: Record<string, string> }[] = []
  page.on('response', (response) => {
    const type = response.request().resourceType()
    if (!['script', 'stylesheet'].includes(type)) return
    files.push({ type, headers: response.headers() })
  })
  await page.goto('/sign-in')
  await page.getByRole('heading').waitFor()

  expect(new Set(files.map(({ type }) => type)).size).toBe(2)
  for (const { headers } of files) {
    expect(headers['cache-control']).toContain('immutable')
    // Compressing what fits into one packet saves nothing.
    const isSmall = Number(headers['content-length']) < 1500
    expect(isSmall || headers['content-encoding'] === 'br').toBe(true)
  }
})
