import axe from 'axe-core'
import type { AxeResults, RunOptions } from 'axe-core'

import { expect, register, runAssistant, scripted, test } from './journey'

declare const window: {
  axe: { run: (options: RunOptions) => Promise<AxeResults> }
}

// The checker is a script of its own, which the page's policy rightly refuses.
test.use({ bypassCSP: true })

// It looks at many screens, one after the other.
test.setTimeout(240_000)

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [390, 1440]) {
    test(`every screen is accessible, ${colorScheme} at ${width} px`, async ({
      page,
    }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.setViewportSize({ width, height: 900 })

      const check = async () => {
        await page.addScriptTag({ content: axe.source })
        const { violations } = await page.evaluate(() =>
          window.axe.run({ resultTypes: ['violations'] }),
        )
        const found = violations.flatMap(({ id, nodes }) =>
          nodes.map((node) => `${id}: ${node.html}`),
        )
        expect(found).toEqual([])
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - innerWidth,
        )
        expect(overflow).toBeLessThanOrEqual(0)
      }

      await page.goto('/register')
      await page.getByLabel('Username').waitFor()
      await check()
      await register(page, 'axe')
      await check()
      await page.getByRole('button', { name: 'New agent' }).click()
      await page.getByLabel('Instructions').waitFor()
      await check()
      await page.getByRole('button', { name: 'Add a tool' }).click()
      await page.getByRole('option', { name: /^calculator/ }).click()
      await page.getByRole('button', { name: 'Settings of calculator' }).click()
      await page.getByRole('button', { name: 'Add a fallback' }).click()
      await check()
      await page.keyboard.press('Escape')
      await page.goto('/')
      await page.getByText('Run your first agent').waitFor()
      await check()
      await page.goto('/agents')
      await runAssistant(
        page,
        scripted({ text: '# Title\n\n`code` and *more*' }),
      )
      await expect(page.getByRole('log')).toContainText('code and more')
      await check()
      await page.getByRole('link', { name: /^Task \d+$/ }).click()
      await expect(page.getByRole('log')).toContainText('code and more')
      await check()
      await page.goto('/tasks')
      await page.getByRole('list', { name: 'Tasks' }).waitFor()
      await check()
      await page.keyboard.press('Control+k')
      await page.getByRole('option', { name: /^Assistant/ }).waitFor()
      await check()
      await page.keyboard.press('Escape')
      await page.keyboard.press('?')
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
      await check()
      await page.goto('/')
      await page.getByRole('heading', { name: 'Over time' }).waitFor()
      await check()
      await page.goto('/nowhere')
      await page.getByText('There is no such page').waitFor()
      await check()
      await page.goto('/tasks?search=nothing')
      await page.getByText('No task matches').waitFor()
      await check()
    })
  }
}
