import { defineConfig } from '@playwright/test'

import journeys from './playwright.config'

/** `make screenshots`: the screenshots of the README, with demonstration data. */
export default defineConfig(journeys, {
  testMatch: /pictures\.ts$/,
  globalSetup: './e2e/pictures.setup.ts',
  timeout: 180_000,
})
