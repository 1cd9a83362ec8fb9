import { setupServer } from 'msw/node'

/** Replaces the network. Each test defines the responses of the backend. */
export const server = setupServer()
