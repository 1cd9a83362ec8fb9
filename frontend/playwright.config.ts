import { defineConfig } from '@playwright/test'

/** The system's Chromium: nothing is downloaded for these tests. */
const executablePath = process.env['AGENTARIUM_CHROMIUM'] ?? '/usr/bin/chromium'

export default defineConfig({
  testDir: './e2e',
  globalSetup: './e2e/server.ts',
  timeout: 60_000,
  expect: { timeout: 15_000 },
  // Each test makes accounts of its own, but all watch one server.
  workers: 1,
  forbidOnly: true,
  reporter: [['list']],
  use: {
    // Set by the global setup, unless by the caller, before this is read by a worker.
    baseURL: process.env['AGENTARIUM_E2E_URL'] ?? '',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
