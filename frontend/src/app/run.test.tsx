import { act, screen, waitFor } from '@testing-library/react'
import { delay, http, HttpResponse } from 'msw'
import { beforeEach, expect, test, vi } from 'vitest'

import { makePage, makeProblem, makeTask } from '@/testing/factories'
import { server } from '@/testing/server'
import {
  delta,
  openStream,
  openStreams,
  RUNNING,
  serveTask,
} from '@/testing/task-server'
import { sees } from '@/testing/sees'

import { renderApp, signIn } from './render-app'

let task = RUNNING

beforeEach(() => {
  task = RUNNING
  signIn()
  serveTask(() => task)
})

test('runs an agent and shows the answer as it arrives', async () => {
  let body: unknown
  server.use(
    http.post('/api/tasks/run/', async ({ request }) => {
      body = await request.json()
      return HttpResponse.json(
        { ...RUNNING, status: 'pending', started_at: null },
        { status: 201 },
      )
    }),
  )
  const { history, user } = renderApp('/agents/1')

  await user.type(await screen.findByLabelText('Input'), 'Say hello')
  await user.keyboard('{Control>}{Enter}{/Control}')
  const stream = await openStream()
  act(() => {
    stream.emit('attempt.started', { attempt: 1 }, '1.1.0.0')
    stream.emit('text.delta', delta('Hel'), '1.1.3.0')
    stream.emit('text.delta', delta('lo'), '1.1.5.0')
  })

  const answer = await screen.findByRole('log', { name: 'Answer' })
  await waitFor(() => {
    expect(answer).toHaveTextContent('Hello')
  })
  expect(answer).toHaveAttribute('aria-busy', 'true')
  expect(body).toEqual({ agent: 1, input_text: 'Say hello' })
  expect(history.location.href).toBe('/agents/1?task=7')

  task = makeTask({ id: 7 })
  act(() => {
    stream.emit('task.completed', {}, '1.3.0.0')
    stream.fail()
  })
  await waitFor(() => {
    expect(answer).toHaveAttribute('aria-busy', 'false')
  })
  expect(answer).toHaveTextContent(/^Hello$/)
  expect(openStreams()).toEqual([])
})

test('shows what is wrong with the input next to it', async () => {
  const errors = { input_text: [{ code: 'max_length', detail: 'Too long.' }] }
  server.use(
    http.post('/api/tasks/run/', () =>
      HttpResponse.json(makeProblem(400, 'invalid', 'Not valid.', errors), {
        status: 400,
      }),
    ),
  )
  const { user } = renderApp('/agents/1')
  const input = await screen.findByLabelText('Input')

  await user.click(screen.getByRole('button', { name: 'Run' }))
  expect(input).toHaveAccessibleDescription('Enter an input for the agent.')

  await user.type(input, 'Say hello')
  await user.click(screen.getByRole('button', { name: 'Run' }))
  await waitFor(() => {
    expect(input).toHaveAccessibleDescription('Too long.')
  })
})

test('shows why a task failed', async () => {
  renderApp('/tasks/7')
  const stream = await openStream()
  const detail = 'The key of OpenAI was refused.'
  task = {
    ...RUNNING,
    status: 'failed',
    error_code: 'provider_auth',
    error_detail: detail,
    finished_at: RUNNING.created_at,
  }

  act(() => {
    stream.emit('task.failed', {}, '1.2.0.0')
    stream.fail()
  })

  expect(await screen.findByRole('alert')).toHaveTextContent(detail)
})

test('marks tokens and cost that are estimated', async () => {
  task = makeTask({ id: 7, usage_is_estimated: true })

  renderApp('/tasks/7')

  await sees('≈12 in, ≈3 out')
  await sees('≈$0.0000036')
})

test('marks an answer that the length limit cut off', async () => {
  task = makeTask({ id: 7, finish_reason: 'length' })

  renderApp('/tasks/7')

  await sees('Cut off')
  expect(screen.getByRole('note')).toHaveTextContent(/length limit/)
})

test('does not mark a complete answer', async () => {
  task = makeTask({ id: 7, finish_reason: 'stop' })

  renderApp('/tasks/7')

  await sees('$0.0000036')
  expect(screen.queryByText('Cut off')).toBeNull()
  expect(screen.queryByRole('note')).toBeNull()
})

test('shows the text that a refusal came with', async () => {
  task = makeTask({
    id: 7,
    status: 'failed',
    output_text: 'I cannot help.',
    error_code: 'answer_refused',
    error_detail: 'The model refused to answer.',
    finish_reason: 'refusal',
  })

  renderApp('/tasks/7')

  await sees('I cannot help.')
  expect(screen.getByRole('alert')).toHaveTextContent('choose another model')
})

test.each([
  ['0.0000036', true, '$0.0000036'],
  ['0.01', false, '$0.01 + ?'],
  ['0', false, 'unknown'],
])(
  'shows a cost of %s (complete: %s) as %s',
  async (cost, isComplete, shown) => {
    task = makeTask({ id: 7, cost, cost_is_complete: isComplete })

    renderApp('/tasks/7')

    await sees(shown)
  },
)

test('cancels a running task, and retries it', async () => {
  const cancelled = makeTask({ id: 7, status: 'cancelled', output_text: '' })
  server.use(
    http.post('/api/tasks/7/cancel/', () => {
      task = cancelled
      return HttpResponse.json(cancelled)
    }),
    http.post('/api/tasks/7/retry/', () => {
      task = RUNNING
      return HttpResponse.json(RUNNING)
    }),
  )
  const { user } = renderApp('/tasks/7')

  await user.click(await screen.findByRole('button', { name: 'Cancel' }))
  await sees('Cancelled')
  expect(screen.queryByRole('button', { name: 'Cancel' })).toBeNull()

  // An empty or deleted log is not a lost connection.
  const log = await openStream()
  act(() => {
    log.fail()
  })
  expect(screen.queryByText('Connection lost. Reconnecting…')).toBeNull()

  await user.click(screen.getByRole('button', { name: 'Retry' }))
  await sees('Running')
  const stream = await openStream()
  act(() => {
    stream.emit('text.delta', delta('Hello'), '2.1.5.0')
  })
  await waitFor(() => {
    expect(screen.getByRole('log')).toHaveTextContent(/^Hello$/)
  })
})

test('shows a task that starts before the lists have it', async () => {
  server.use(
    http.post('/api/tasks/run/', () => {
      server.use(
        http.get('/api/tasks/', async () => {
          await delay('infinite')
          return HttpResponse.json(makePage([]))
        }),
      )
      return HttpResponse.json(RUNNING, { status: 201 })
    }),
  )
  const { history, user } = renderApp('/agents/1')

  await user.type(await screen.findByLabelText('Input'), 'Say hello')
  await user.click(screen.getByRole('button', { name: 'Run' }))

  await waitFor(() => {
    expect(history.location.href).toBe('/agents/1?task=7')
  })
  expect(screen.getByLabelText('Input')).toHaveValue('')
})

test('runs a task again as a new one', async () => {
  task = makeTask({ id: 7 })
  const next = makeTask({ id: 8, input_text: 'Say hello' })
  const run = vi.fn()
  server.use(
    http.post('/api/tasks/run/', async ({ request }) => {
      run(await request.json())
      return HttpResponse.json(next, { status: 201 })
    }),
    http.get('/api/tasks/8/', () => HttpResponse.json(next)),
  )
  const { history, user } = renderApp('/tasks/7')

  await user.click(await screen.findByRole('button', { name: 'Run again' }))

  await waitFor(() => {
    expect(history.location.pathname).toBe('/tasks/8')
  })
  expect(run).toHaveBeenCalledExactlyOnceWith({
    agent: 1,
    input_text: 'Say hello',
  })
})
