import { expect, test as base } from '@playwright/test'
import type { Page } from '@playwright/test'

/** A browser on the server under test, which fails what the page complains about. */
export const test = base.extend<{ complaints: string[] }>({
  complaints: [
    async ({ page }, provide) => {
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => {
        // An expected refusal, as of a wrong password, is logged by the browser itself.
        const isRefusal = message.text().startsWith('Failed to load resource')
        if (message.type() === 'error' && !isRefusal) {
          complaints.push(message.text())
        }
      })
      await provide(complaints)
      expect(complaints).toEqual([])
    },
    { auto: true },
  ],
})

export { expect }

export const PASSWORD = 'correct horse battery'

let accounts = 0

/** Make an account through the page; it ends on the list of agents. */
export async function createAccount(page: Page, username: string) {
  await page.goto('/register')
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('E-mail').fill(`${username}@example.org`)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByRole('link', { name: 'Assistant' }).waitFor()
}

/** The same for a journey that shares its server: under a name that nobody has. */
export async function register(page: Page, prefix: string) {
  accounts += 1
  const username = `${prefix}-${Date.now()}-${accounts}`
  await createAccount(page, username)
  return username
}

type Script = {
  text?: string
  pieces?: number
  delay?: number
  status?: number
  tool_calls?: { name: string; arguments: string }[]
}

/** An input that tells the scripted provider what to answer. */
export const scripted = (script: Script) => JSON.stringify({ fake: script })

/** Takes a while to say, and shows any piece that is lost or repeated. */
export const LONG_TEXT = Array.from(
  { length: 60 },
  (_, index) => `Sentence ${index} of the answer.`,
).join(' ')

/** Run the Assistant on an input, from the list of agents. */
export async function runAssistant(page: Page, input: string) {
  await page.getByRole('link', { name: 'Assistant' }).click()
  await page.getByLabel('Input').fill(input)
  await page.getByLabel('Input').press('Control+Enter')
}

/** Go from a run to the page of its task, and be there: both tell how it ended. */
export async function openTask(page: Page) {
  await page.getByRole('link', { name: /^Task \d+$/ }).click()
  await page.getByRole('heading', { name: /^Task \d+/ }).waitFor()
}

/** Let the Assistant call a tool; the page ends on the list of agents. */
export async function giveTool(page: Page, name: string, isAsked: boolean) {
  await page.getByRole('link', { name: 'Assistant' }).click()
  await page.getByRole('button', { name: 'Edit' }).click()
  await page.getByRole('button', { name: 'Add a tool' }).click()
  await page.getByRole('option', { name }).click()
  const asking = page.getByRole('switch', { name: 'Ask me before each call' })
  await asking.setChecked(isAsked)
  await page.getByRole('button', { name: 'Save changes' }).click()
  await expect(page.getByRole('dialog')).toBeHidden()
  await page
    .getByRole('navigation', { name: 'Main' })
    .getByRole('link', { name: 'Agents' })
    .click()
}

/** An input that has the tool called, and the answer said after it. */
export const calling = (name: string, given: object, text: string) =>
  scripted({ tool_calls: [{ name, arguments: JSON.stringify(given) }], text })
