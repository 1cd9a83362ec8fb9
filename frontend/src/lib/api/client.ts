import createFetchClient from 'openapi-fetch'
import type { Middleware } from 'openapi-fetch'
import createQueryClient from 'openapi-react-query'

import { problemOfStatus } from './problem'
import type { components, paths } from './schema'

export type Schemas = components['schemas']

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']

function csrfToken() {
  return /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1]
}

/** Django accepts a change from the page only with the token of its cookie. */
const sendCsrfToken: Middleware = {
  onRequest({ request }) {
    const token = csrfToken()
    if (token && !SAFE_METHODS.includes(request.method)) {
      request.headers.set('X-CSRFToken', token)
    }
    return request
  },
}

/** Every failed response becomes a problem, including those of a proxy and empty ones. */
const normalizeProblems: Middleware = {
  onResponse({ response }) {
    const type = response.headers.get('Content-Type') ?? ''
    if (response.ok || type.includes('json')) return undefined
    const { status } = response
    return Response.json(problemOfStatus(status), { status })
  },
}

export const fetchClient = createFetchClient<paths>({
  baseUrl: globalThis.location.origin,
  credentials: 'same-origin',
  // Looked up at each call, so that tests can replace the network.
  fetch: (request) => globalThis.fetch(request),
  querySerializer: { array: { style: 'form', explode: true } },
})
fetchClient.use(sendCsrfToken, normalizeProblems)

/** Typed queries and mutations. It builds the query keys: never write one by hand. */
export const api = createQueryClient(fetchClient)
