import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'

/**
 * Replaces the network. Each test defines the responses of the backend. FakeEventSource
 * has the streams: what is requested of them otherwise is why they failed.
 */
export const server = setupServer(
  http.get('/api/events/', () => new HttpResponse()),
  http.get('/api/tasks/:id/events/', () => new HttpResponse()),
)
