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

/** Have the checker in each document: the page's policy refuses it as a script of its own. */
export const withAxe = (page: Page) =>
  page.addInitScript({ content: axe.source })

/** Find nothing to complain of in what is shown, in both themes and both widths. */
export async function check(page: Page) {
  // What the last click left the pointer on is chance.
  await page.mouse.move(0, 0)
  for (const { colorScheme, width } of LOOKS) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize({ width, height: 900 })
    expect(await complaintsOf(page), `${colorScheme}, ${width} px`).toEqual([])
  }
}

/** What fades in or out is not yet, or no longer, as it is to be read. */
const settle = (page: Page) =>
  page.evaluate(async () => {
    const passing = document
      .getAnimations()
      .filter((each) =>
        Number.isFinite(each.effect?.getComputedTiming().endTime),
      )
    await Promise.allSettled(passing.map(({ finished }) => finished))
  })

async function complaintsOf(page: Page) {
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
    ...(excess > 0 ? [`It is ${excess} px too wide.`] : []),
  ]
}
