import { act, screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'

import { makeTask } from '@/testing/factories'
import {
  delta,
  openStream,
  openStreams,
  RUNNING,
  serveTask,
} from '@/testing/task-server'

import { renderApp, signIn } from './render-app'

function watch(task = RUNNING) {
  signIn()
  serveTask(() => task)
  renderApp('/tasks/7')
}

test('continues after a cut without repeating a character', async () => {
  watch()
  const first = await openStream()
  act(() => {
    first.emit('text.delta', delta('Hel'), '1.1.3.0')
    first.fail()
  })
  expect(
    await screen.findByText('Connection lost. Reconnecting…'),
  ).toBeVisible()

  const second = await openStream()
  act(() => {
    second.emit('text.delta', delta('lo'), '1.1.5.0')
  })

  await waitFor(() => {
    expect(screen.getByRole('log')).toHaveTextContent(/^Hello$/)
  })
  expect(first.isClosed).toBe(true)
  expect(second.url).toBe('/api/tasks/7/events/?after=1.1.3.0')
  expect(screen.queryByText('Connection lost. Reconnecting…')).toBeNull()
})

test('discards the text of a failed step when another attempt starts', async () => {
  watch()
  const stream = await openStream()

  act(() => {
    stream.emit('text.delta', delta('Half an ans'), '1.1.11.0')
    stream.emit('attempt.started', { attempt: 2 }, '2.1.0.0')
    stream.emit('text.delta', delta('Whole'), '2.1.5.0')
    stream.emit('something.new', { what: 'ever' }, '2.2.0.0')
  })

  await waitFor(() => {
    expect(screen.getByRole('log')).toHaveTextContent(/^Whole$/)
  })
})

test('continues after the end that a retry undid', async () => {
  watch()
  const stream = await openStream()

  act(() => {
    stream.emit('text.delta', delta('Half an ans'), '1.1.11.0')
    stream.emit('task.failed', {}, '1.2.0.0')
    stream.emit('task.retried', {}, '1.3.0.0')
    stream.emit('attempt.started', { attempt: 2 }, '2.1.0.0')
    stream.emit('text.delta', delta('Whole'), '2.1.5.0')
  })

  await waitFor(() => {
    expect(screen.getByRole('log')).toHaveTextContent(/^Whole$/)
  })
  expect(openStreams()).toEqual([stream])
})

test('never renders the text of a model as HTML', async () => {
  watch(
    makeTask({
      id: 7,
      output_text:
        'Look: <img src=x onerror=alert(1)> [x](javascript:alert(1))',
    }),
  )

  const answer = await screen.findByRole('log')
  await waitFor(() => {
    expect(answer).toHaveTextContent('<img src=x onerror=alert(1)>')
  })
  expect(answer.querySelector('img')).toBeNull()
  expect(answer.querySelector('[href^="javascript"]')).toBeNull()
})
