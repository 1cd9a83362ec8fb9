import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const backend = 'http://127.0.0.1:8000'

const themeScript = new URL('./src/theme-script.js', import.meta.url)

/** A blocking script of the page's own, before anything is painted; never inline. */
function themeBeforePaint(): Plugin {
  let isBuild = false
  return {
    name: 'theme-before-paint',
    config(_config, { command }) {
      isBuild = command === 'build'
    },
    buildStart() {
      if (!isBuild) return
      const source = readFileSync(themeScript, 'utf8')
      this.emitFile({ type: 'asset', name: 'theme-script.js', source })
    },
    transformIndexHtml(_html, { bundle = {} }) {
      const built = Object.values(bundle).find(
        (file) =>
          file.type === 'asset' && file.names.includes('theme-script.js'),
      )
      const src = `/${built?.fileName ?? 'src/theme-script.js'}`
      return [{ tag: 'script', attrs: { src }, injectTo: 'head-prepend' }]
    },
  }
}

export default defineConfig({
  plugins: [react(), tailwindcss(), themeBeforePaint()],
  resolve: {
    alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) },
  },
  server: {
    proxy: {
      '/api': backend,
      '/admin': backend,
      '/healthz': backend,
      '/static': backend,
    },
  },
  build: {
    outDir: '../backend/agentarium/page',
    emptyOutDir: true,
    manifest: true,
    // The Content-Security-Policy allows files of this host only, no data: scripts or fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      output: {
        // An icon is a few hundred bytes: a request for each that screens share costs more.
        codeSplitting: {
          groups: [{ name: 'icons', test: /lucide-react/, minShareCount: 3 }],
        },
      },
    },
  },
  test: {
    environment: 'jsdom',
    setupFiles: './src/testing/setup.ts',
    include: ['src/**/*.test.{ts,tsx}'],
    testTimeout: 30_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
})
