import { defineConfig } from '@playwright/test'

import journeys from './playwright.config'

/** `make screenshots`: the pictures of the README, of a server with something to show. */
export default defineConfig(journeys, {
  testMatch: /pictures\.ts$/,
  globalSetup: './e2e/pictures.setup.ts',
  timeout: 180_000,
})
