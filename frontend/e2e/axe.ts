import type { Page } from '@playwright/test'
import axe from 'axe-core'
import type { AxeResults, RunOptions } from 'axe-core'

import { expect } from './journey'

declare const window: {
  axe: { run: (options: RunOptions) => Promise<AxeResults> }
}

const LOOKS = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [390, 1440].map((width) => ({ colorScheme, width })),
)

/** Add the checker to each document: the page's policy forbids loading it as a script. */
export const withAxe = (page: Page) =>
  page.addInitScript({ content: axe.source })

/** Expect no violations on the current screen, in both themes and at both widths. */
export async function check(page: Page) {
  // So that nothing is hovered by chance.
  await page.mouse.move(0, 0)
  for (const { colorScheme, width } of LOOKS) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize({ width, height: 900 })
    expect(await violationsOf(page), `${colorScheme}, ${width} px`).toEqual([])
  }
}

/** Wait for animations: text that fades in or out has less contrast. */
const settle = (page: Page) =>
  page.evaluate(async () => {
    const animations = document
      .getAnimations()
      .filter((each) =>
        Number.isFinite(each.effect?.getComputedTiming().endTime),
      )
    await Promise.allSettled(animations.map(({ finished }) => finished))
  })

async function violationsOf(page: Page) {
  await settle(page)
  const { violations } = await page.evaluate(() =>
    window.axe.run({ resultTypes: ['violations'] }),
  )
  const excess = await page.evaluate(
    () => document.documentElement.scrollWidth - innerWidth,
  )
  return [
    ...violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html }) => `${id}: ${html}`),
    ),
    ...(excess > 0 ? [`The page is ${excess} px too wide.`] : []),
  ]
}
