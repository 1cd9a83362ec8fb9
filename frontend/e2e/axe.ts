import type { Page } from '@playwright/test'
import axe from 'axe-core'
import type { AxeResults, RunOptions } from 'axe-core'

import { expect } from './journey'

declare const window: {
  axe: { run: (options: RunOptions) => Promise<AxeResults> }
}

/** Only the contrast depends on the theme, so nothing else is asked twice. */
const RULES = {
  light: {},
  dark: { runOnly: ['color-contrast'] },
} as const satisfies Record<string, Partial<RunOptions>>

const LOOKS = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [390, 1440].map((width) => ({ colorScheme, width })),
)

/** Far longer than any animation of the page, far shorter than a test. */
const SETTLE_MS = 5_000

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
    expect(
      await violationsOf(page, RULES[colorScheme]),
      `${colorScheme}, ${width} px`,
    ).toEqual([])
  }
}

/** Wait for animations: text that fades in or out has less contrast. */
const settle = (page: Page) =>
  page.evaluate(async (limit) => {
    // A change of theme or width starts its animations with the next frame.
    await new Promise((resolve) =>
      requestAnimationFrame(() => requestAnimationFrame(resolve)),
    )
    const animations = document
      .getAnimations()
      .filter((each) =>
        Number.isFinite(each.effect?.getComputedTiming().endTime),
      )
    await Promise.race([
      Promise.allSettled(animations.map(({ finished }) => finished)),
      // An animation that is paused never finishes.
      new Promise((resolve) => setTimeout(resolve, limit)),
    ])
  }, SETTLE_MS)

async function violationsOf(page: Page, rules: Partial<RunOptions>) {
  await settle(page)
  const { violations } = await page.evaluate(
    (options) => window.axe.run(options),
    { resultTypes: ['violations'], ...rules } satisfies RunOptions,
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
