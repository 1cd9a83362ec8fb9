import { screen } from '@testing-library/react'
import { http, HttpResponse } from 'msw'

import type { Schemas } from '@/lib/api/client'
import {
  makeAgent,
  makePage,
  makeStats,
  makeVersion,
} from '@/testing/factories'
import { server } from '@/testing/server'

import { renderApp, signIn } from './render-app'

const model: Schemas['Model'] = {
  id: 'builtin:smollm2',
  name: 'smollm2',
  provider: 'builtin',
  is_available: true,
  is_default: true,
  reason: '',
  price: null,
}

export const calculator: Schemas['CatalogueEntry'] = {
  id: 'builtin:calculator',
  kind: 'builtin',
  reference: { type: 'builtin', name: 'calculator' },
  source: 'built in',
  server: null,
  name: 'calculator',
  description: 'Computes.',
  effect: 'read',
  suggested_effect: null,
  needs_approval: false,
}

export const search: Schemas['CatalogueEntry'] = {
  ...calculator,
  id: 'mcp:3:search',
  kind: 'mcp',
  reference: { type: 'mcp', server: 3, names: ['search'] },
  source: 'wiki',
  server: 3,
  name: 'search',
  effect: 'write',
  needs_approval: true,
  suggested_effect: 'read',
}

const fetchUrl: Schemas['CatalogueEntry'] = {
  ...calculator,
  reference: { type: 'builtin', name: 'fetch_url' },
  name: 'fetch_url',
}

/** The routes that the form reads. */
export function serveAgentForm() {
  signIn()
  server.use(
    http.get('/api/stats/', () => HttpResponse.json(makeStats())),
    http.get('/api/agents/', () => HttpResponse.json(makePage([makeAgent()]))),
    http.get('/api/tasks/', () => HttpResponse.json(makePage([]))),
    http.get('/api/agents/1/', () => HttpResponse.json(makeAgent())),
    http.get('/api/agents/1/versions/', () =>
      HttpResponse.json(makePage([makeVersion()])),
    ),
    http.get('/api/models/', () => HttpResponse.json([model])),
    http.get('/api/providers/', () => HttpResponse.json([])),
    http.get('/api/mcp-servers/', () => HttpResponse.json(makePage([]))),
    http.get('/api/tools/', () =>
      HttpResponse.json(makePage([calculator, fetchUrl, search])),
    ),
  )
}

export async function openForm() {
  const app = renderApp('/agents')
  await screen.findByText('Assistant')
  await app.user.click(screen.getByRole('button', { name: 'New agent' }))
  await screen.findByText('smollm2')
  return app
}

export type App = Awaited<ReturnType<typeof openForm>>

export async function add({ user }: App, name: RegExp) {
  await user.click(screen.getByRole('button', { name: 'Add a tool' }))
  await user.click(await screen.findByRole('option', { name }))
}
