import type { Page } from '@playwright/test'

import { check, withAxe } from './axe'
import {
  calling,
  expect,
  giveTool,
  openTask,
  register,
  runAssistant,
  scripted,
  test,
} from './journey'
import { startScripted } from './server'

// Each test checks many screens, four times each.
test.setTimeout(240_000)

test.beforeEach(({ page }) => withAxe(page))

const SCRIPT = {
  text: '# Title\n\n`code` and *more*\n\n| a | b |\n|---|---|\n| 1 | 2 |',
}

async function openMenu(page: Page, menu: string | RegExp, item: string) {
  await page.getByRole('button', { name: menu }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

async function closeDialog(page: Page) {
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
}

test('signing in is accessible', async ({ page }) => {
  await page.goto('/register')
  await page.getByLabel('Username').waitFor()
  await check(page)
  await register(page, 'axe')
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('Enter your username.').waitFor()
  await check(page)
})

test('every tinted label is readable on every background', async ({ page }) => {
  await page.goto('/login')
  await page.getByLabel('Username').waitFor()
  // A label may be on the background of a hovered row.
  await page.evaluate(() => {
    const main = document.querySelector('main') ?? document.body
    const grounds = ['background', 'card', 'popover', 'muted', 'accent']
    const tones = [
      'brand',
      'pending',
      'running',
      'waiting',
      'completed',
      'failed',
    ]
    for (const ground of grounds) {
      const line = main.appendChild(document.createElement('p'))
      line.style.background = `var(--${ground})`
      for (const tone of tones) {
        const label = line.appendChild(document.createElement('span'))
        label.textContent = tone
        label.style.fontSize = '12px'
        label.style.color = `var(--${tone})`
        label.style.background = `color-mix(in oklab, var(--${tone}) 12%, transparent)`
      }
    }
  })
  await check(page)
})

test('agents are accessible', async ({ page }) => {
  await register(page, 'axe')
  await check(page)
  await page.getByRole('button', { name: 'New agent' }).click()
  await page.getByLabel('Instructions').waitFor()
  await check(page)
  await page.getByRole('button', { name: 'Add a tool' }).click()
  await page.getByRole('option', { name: /^calculator/ }).click()
  await page.getByRole('button', { name: 'Settings for calculator' }).click()
  await page.getByRole('button', { name: 'Add a fallback' }).click()
  await check(page)
  await closeDialog(page)

  await page.getByRole('link', { name: 'Assistant' }).click()
  await page.getByRole('button', { name: 'Edit' }).click()
  await page.getByLabel('Instructions').fill('Answer in one word.')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByRole('button', { name: /^Version 1/ }).click()
  await page.getByRole('button', { name: 'Restore version 1' }).waitFor()
  await check(page)
  await closeDialog(page)
  await page.getByLabel('Input').fill(scripted(SCRIPT))
  await page.getByLabel('Input').press('Control+Enter')
  await expect(page.getByRole('log')).toContainText('code and more')
  await check(page)
  await openMenu(page, 'Actions for Assistant', 'Delete')
  await page.getByRole('alertdialog').waitFor()
  await check(page)
})

test('tasks are accessible', async ({ page }) => {
  await register(page, 'axe')
  await runAssistant(page, scripted(SCRIPT))
  await openTask(page)
  await expect(page.getByRole('log')).toContainText('code and more')
  await check(page)
  await page.getByRole('tab', { name: 'Timeline' }).click()
  await page
    .getByRole('list', { name: 'Timeline' })
    .getByRole('button')
    .first()
    .click()
  await check(page)
  await page.getByRole('tab', { name: 'JSON' }).click()
  await page.getByRole('tabpanel').getByText('input_text').waitFor()
  await check(page)
  for (const item of ['Edit and run again', 'Copy as code']) {
    await openMenu(page, 'More actions', item)
    await page.getByRole('dialog').waitFor()
    await check(page)
    await closeDialog(page)
  }

  await page.goto('/tasks')
  await page.getByRole('list', { name: 'Tasks' }).waitFor()
  await page.getByRole('checkbox').first().check()
  await check(page)
  await page.goto('/tasks?search=nothing')
  await page.getByText('No matching tasks').waitFor()
  await check(page)
})

test('Home and the dialogs of every screen are accessible', async ({
  page,
}) => {
  await register(page, 'axe')
  await page.goto('/')
  await page.getByText('Run your first agent').waitFor()
  await check(page)
  await page.goto('/agents')
  await runAssistant(page, scripted(SCRIPT))
  await expect(page.getByRole('log')).toContainText('code and more')
  await page.goto('/')
  await page.getByRole('heading', { name: 'Over time' }).waitFor()
  await check(page)
  await page.getByRole('button', { name: 'Cost as a table' }).click()
  await check(page)
  await page.keyboard.press('Control+k')
  await page.getByRole('option', { name: /^Assistant/ }).waitFor()
  await check(page)
  await closeDialog(page)
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
  await check(page)
  await page.goto('/nowhere')
  await page.getByText('Page not found').waitFor()
  await check(page)
})

test('decisions are accessible', async ({ page }) => {
  await register(page, 'axe')
  await page.goto('/approvals')
  await page.getByText('Nothing is waiting for you.').waitFor()
  await check(page)
  await page.goto('/agents')
  await giveTool(page, 'calculator', true)
  const given = { expression: '6 * 7' }
  await runAssistant(page, calling('calculator', given, 'It is done.'))
  await page.goto('/approvals')
  await page.getByRole('button', { name: 'Approve', exact: true }).waitFor()
  await check(page)
  await page.getByRole('button', { name: 'Edit arguments' }).click()
  await page.getByLabel('Arguments').fill('no JSON')
  await page.getByRole('button', { name: 'Approve with these' }).click()
  await check(page)
  await page.getByRole('button', { name: 'Back' }).click()
  await page.getByRole('button', { name: 'Reject' }).click()
  await page.getByLabel('Reason').waitFor()
  await check(page)
})

test('tools are accessible', async ({ page }) => {
  await register(page, 'axe')
  await page.goto('/tools')
  await page.getByText('No HTTP tools yet').waitFor()
  await check(page)
  await page.getByRole('button', { name: 'New HTTP tool' }).click()
  await page.getByRole('button', { name: 'Create tool' }).click()
  await page.getByText('Enter a URL.').waitFor()
  await check(page)
  await page.getByLabel('Name').fill('find_customer')
  await page.getByLabel('Description').fill('Finds a customer.')
  await page.getByLabel('URL').fill('https://api.example.org/customers')
  await page.getByRole('button', { name: 'Create tool' }).click()
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: 'Test find_customer' }).click()
  await page.getByRole('button', { name: 'Send request' }).waitFor()
  await check(page)
  await closeDialog(page)
  await page.getByRole('button', { name: 'Add MCP server' }).click()
  await page.getByRole('button', { name: 'Add server' }).click()
  await page.getByText('Enter a URL.').waitFor()
  await check(page)
  await closeDialog(page)
  await check(page)
})

test('settings are accessible', async ({ browser }) => {
  // The first account is staff, and sees the workers.
  const { url, end } = await startScripted()
  try {
    const page = await browser.newPage({ baseURL: url })
    await withAxe(page)
    await register(page, 'axe')
    await page.goto('/settings')
    const parts = page.getByRole('navigation', { name: 'Settings' })
    await expect(parts.getByRole('link')).toHaveCount(7)
    for (const link of await parts.getByRole('link').all()) {
      await link.click()
      await expect(link).toHaveAttribute('aria-current', 'page')
      await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0)
      await check(page)
    }
    await page.goto('/settings?part=tokens')
    await page.getByRole('button', { name: 'New token' }).click()
    await page.getByLabel('Name').fill('nightly report')
    await check(page)
    await page.getByRole('button', { name: 'Create token' }).click()
    await page.getByLabel('The token', { exact: true }).waitFor()
    await check(page)
    await page.getByRole('button', { name: 'I have copied it' }).click()
    await page.getByRole('button', { name: 'Revoke nightly report' }).click()
    await check(page)
  } finally {
    await end()
  }
})
