import { defineConfig } from '@playwright/test'

/** The system's Chromium: nothing is downloaded for these tests. */
const executablePath = process.env['AGENTARIUM_CHROMIUM'] ?? '/usr/bin/chromium'

export default defineConfig({
  testDir: './e2e',
  globalSetup: './e2e/server.ts',
  timeout: 60_000,
  expect: { timeout: 15_000 },
  // Each test creates its own accounts, but all share one server.
  workers: 1,
  forbidOnly: true,
  // One more try on a busy machine; the report calls such a test flaky.
  retries: 1,
  reporter: [['list']],
  use: {
    // Set by the global setup or by the caller before a worker reads it.
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
