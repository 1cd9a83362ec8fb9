import { screen, waitFor } from '@testing-library/react'
import { delay, http, HttpResponse } from 'msw'
import { beforeEach, expect, test, vi } from 'vitest'

import { makeProblem, makeTask } from '@/testing/factories'
import { renderPart } from '@/testing/render'
import { sees } from '@/testing/sees'
import { server } from '@/testing/server'

import { RunBox } from './run-box'

let bodies: unknown[] = []

beforeEach(() => {
  bodies = []
  sessionStorage.clear()
  server.use(
    http.post('/api/tasks/run/', async ({ request }) => {
      bodies.push(await request.json())
      return HttpResponse.json(makeTask({ id: 8 }), { status: 201 })
    }),
    http.get('/api/tasks/8/', () => HttpResponse.json(makeTask({ id: 8 }))),
  )
})

async function open(props: Partial<Parameters<typeof RunBox>[0]> = {}) {
  const onRun = vi.fn()
  const app = renderPart(<RunBox agent={1} onRun={onRun} {...props} />)
  return { ...app, onRun, field: await screen.findByRole('textbox') }
}

test.each(['{Control>}{Enter}{/Control}', '{Meta>}{Enter}{/Meta}'])(
  'runs with %s, and clears the field',
  async (keys) => {
    const { user, onRun, field } = await open()

    await user.type(field, `Say hello${keys}`)

    await waitFor(() => {
      expect(onRun).toHaveBeenCalledExactlyOnceWith(8)
    })
    expect(bodies).toEqual([{ agent: 1, input_text: 'Say hello' }])
    expect(field).toHaveValue('')
    expect(sessionStorage.getItem('agentarium.started')).toBe('[8]')
  },
)

test('writes a line break with Enter alone', async () => {
  const { user, field } = await open()

  await user.type(field, 'a{Enter}b')

  expect(field).toHaveValue('a\nb')
  expect(bodies).toEqual([])
})

test('continues a conversation', async () => {
  const { user, field } = await open({ follows: 7, action: 'Send' })

  await user.type(field, 'And then?')
  await user.click(screen.getByRole('button', { name: 'Send' }))

  await waitFor(() => {
    expect(bodies).toEqual([{ agent: 1, input_text: 'And then?', follows: 7 }])
  })
})

test('sends white space within the input unchanged', async () => {
  const { user } = await open({ initialText: '  keep\n\tthis  ' })

  await user.click(screen.getByRole('button', { name: 'Run' }))

  await waitFor(() => {
    expect(bodies).toEqual([{ agent: 1, input_text: '  keep\n\tthis  ' }])
  })
})

test('does not run an input of white space', async () => {
  const { user, field } = await open({ initialText: ' \n ' })

  await user.click(screen.getByRole('button', { name: 'Run' }))

  expect(field).toHaveAccessibleDescription('Enter an input for the agent.')
  expect(bodies).toEqual([])
})

test('runs once although it is submitted again', async () => {
  server.use(
    http.post('/api/tasks/run/', async ({ request }) => {
      bodies.push(await request.json())
      return delay('infinite')
    }),
  )
  const { user, field } = await open()
  await user.type(field, 'Hi{Control>}{Enter}{/Control}')
  await waitFor(() => {
    expect(screen.getByRole('button', { name: 'Run' })).toHaveAttribute(
      'aria-disabled',
      'true',
    )
  })

  await user.type(field, '{Control>}{Enter}{/Control}')

  expect(bodies).toHaveLength(1)
})

test('keeps the input when the server rejects it', async () => {
  server.use(
    http.post('/api/tasks/run/', () =>
      HttpResponse.json(makeProblem(429, 'throttled', 'Slow down.'), {
        status: 429,
      }),
    ),
  )
  const { user, field, onRun } = await open()

  await user.type(field, 'Hi{Control>}{Enter}{/Control}')

  await sees('Slow down.')
  expect(field).toHaveValue('Hi')
  expect(onRun).not.toHaveBeenCalled()
})
