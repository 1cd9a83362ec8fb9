import { setupServer } from 'msw/node'

/** Stands in for the network. Each test says what the backend answers. */
export const server = setupServer()
