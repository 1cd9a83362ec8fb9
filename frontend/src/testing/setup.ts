import '@testing-library/jest-dom/vitest'

import { cleanup, configure } from '@testing-library/react'
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest'

import { FakeEventSource } from './fake-event-source'
import { server } from './server'

// A screen's code is loaded on its first use, which takes its time on a busy machine.
configure({ asyncUtilTimeout: 10_000 })

beforeAll(() => {
  server.listen({ onUnhandledRequest: 'error' })
})

beforeEach(() => {
  vi.stubGlobal('EventSource', FakeEventSource)
  FakeEventSource.all = []
})

afterEach(() => {
  cleanup()
  server.resetHandlers()
})

afterAll(() => {
  server.close()
})

// What Radix asks of a browser and jsdom does not have.
Element.prototype.scrollIntoView = () => undefined
Element.prototype.hasPointerCapture = () => false
Element.prototype.setPointerCapture = () => undefined
globalThis.scrollTo = () => undefined
// A desk with a mouse, in daylight.
globalThis.matchMedia = () => new EventTarget() as MediaQueryList
globalThis.ResizeObserver = class {
  observe = () => undefined
  unobserve = () => undefined
  disconnect = () => undefined
}
