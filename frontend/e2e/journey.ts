import { expect, test as base } from '@playwright/test'
import type { Page } from '@playwright/test'

/** A browser on the server under test. A test fails if the page logs an error. */
export const test = base.extend<{ pageErrors: string[] }>({
  pageErrors: [
    async ({ page }, provide) => {
      const pageErrors: string[] = []
      page.on('pageerror', (error) => pageErrors.push(error.message))
      page.on('console', (message) => {
        // The browser itself logs expected failures, such as a wrong password.
        const isExpected = message.text().startsWith('Failed to load resource')
        if (message.type() === 'error' && !isExpected) {
          pageErrors.push(message.text())
        }
      })
      await provide(pageErrors)
      expect(pageErrors).toEqual([])
    },
    { auto: true },
  ],
})

export { expect }

export const PASSWORD = 'correct horse battery'

let accounts = 0

/** Create an account through the page. It ends on the list of agents. */
export async function createAccount(page: Page, username: string) {
  await page.goto('/register')
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('E-mail').fill(`${username}@example.org`)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByRole('link', { name: 'Assistant' }).waitFor()
}

/** The same for a journey that shares its server, with a unique name. */
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

/** An input that tells the scripted provider how to respond. */
export const scripted = (script: Script) => JSON.stringify({ fake: script })

/** Takes time to stream, and reveals any piece that is lost or repeated. */
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

/** Go from a run to the page of its task, and wait for it: both show how it ended. */
export async function openTask(page: Page) {
  await page.getByRole('link', { name: /^Task \d+$/ }).click()
  await page.getByRole('heading', { name: /^Task \d+/ }).waitFor()
}

/** Add a tool to the Assistant. It ends on the list of agents. */
export async function giveTool(
  page: Page,
  name: string,
  needsApproval: boolean,
) {
  await page.getByRole('link', { name: 'Assistant' }).click()
  await page.getByRole('button', { name: 'Edit' }).click()
  await page.getByRole('button', { name: 'Add a tool' }).click()
  await page.getByRole('option', { name }).click()
  await page
    .getByRole('combobox', { name: 'Ask before running' })
    .selectOption(needsApproval ? 'Always ask' : 'Never ask')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await expect(page.getByRole('dialog')).toBeHidden()
  await page
    .getByRole('navigation', { name: 'Main' })
    .getByRole('link', { name: 'Agents' })
    .click()
}

/** An input that makes the model call a tool, and then answer with a text. */
export const calling = (name: string, given: object, text: string) =>
  scripted({ tool_calls: [{ name, arguments: JSON.stringify(given) }], text })
