import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'

import { makeProblem } from '@/testing/factories'
import { server } from '@/testing/server'

import { fetchClient } from './client'
import { asProblem } from './problem'

test('recognizes a problem of the API', () => {
  const problem = makeProblem(409, 'conflict', 'It has ended.')

  expect(asProblem(problem)).toMatchObject({ status: 409, code: 'conflict' })
})

test.each([
  [undefined],
  [null],
  ['text'],
  [new TypeError('Failed to fetch')],
  [{ status: '409', code: 'conflict', detail: 'x' }],
  [{ detail: 'no code' }],
])('takes %j for a server that did not respond', (error) => {
  expect(asProblem(error)).toMatchObject({ status: 0, code: 'unreachable' })
})

const problemOf = async (response: () => Response) => {
  server.use(http.get('/api/auth/session/', response))
  const { error } = await fetchClient.GET('/api/auth/session/')
  return asProblem(error)
}

test.each([502, 503, 504])(
  'takes a page of a proxy with status %i for a server that is down',
  async (status) => {
    const problem = await problemOf(() =>
      HttpResponse.html('<h1>Bad gateway</h1>', { status }),
    )

    expect(problem).toMatchObject({ status, code: 'unreachable' })
  },
)

test.each([404, 500])(
  'makes a problem of an HTML page with status %i',
  async (status) => {
    const problem = await problemOf(() =>
      HttpResponse.html('<script>alert(1)</script>', { status }),
    )

    expect(problem).toEqual({
      status,
      code: 'error',
      detail: `The server returned an unexpected error (${status}).`,
    })
  },
)

test('makes a problem of an empty response', async () => {
  const problem = await problemOf(() => new HttpResponse(null, { status: 500 }))

  expect(problem.code).toBe('error')
})
