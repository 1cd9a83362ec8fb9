import { screen } from '@testing-library/react'
import { describe, expect, test } from 'vitest'

import { makeTask } from '@/testing/factories'
import { renderPart } from '@/testing/render'

import type { Task } from '../queries'
import { parseTaskEvent } from '../stream/task-events'
import { emptyStream, reduceStream } from '../stream/task-stream'
import type { TaskStream } from '../stream/task-stream'
import { EmptyOutput } from './empty-output'
import { TaskFailure } from './task-failure'
import { StreamedOutput } from './task-output'

const running = makeTask({
  status: 'running',
  output_text: '',
  finished_at: null,
})

function streamOf(...messages: [type: string, data: object][]): TaskStream {
  return messages.reduce((stream, [type, data]) => {
    const event = parseTaskEvent(type, JSON.stringify(data))
    return event ? reduceStream(stream, event) : stream
  }, emptyStream)
}

const call: [string, object] = [
  'tool.call',
  { step: 1, tool_call_id: 'a', name: 'find_customer', arguments: '{"id":1}' },
]

const show = (task: Task, stream: TaskStream) =>
  renderPart(<StreamedOutput task={task} stream={stream} />)

const answer = () => screen.findByRole('log', { name: 'Answer' })

describe('the output', () => {
  test('shows an answer while it arrives', async () => {
    show(running, streamOf(['text.delta', { step: 1, text: 'Hel' }]))

    expect(await answer()).toHaveTextContent('Hel')
    expect(await answer()).toHaveAttribute('aria-busy', 'true')
  })

  test('prefers the stored answer to what was streamed', async () => {
    show(
      makeTask({ output_text: 'Stored' }),
      streamOf(['text.delta', { step: 1, text: 'Streamed' }]),
    )

    expect(await answer()).toHaveTextContent(/^Stored$/)
  })

  test('does not take a response that calls tools for the answer', async () => {
    show(
      running,
      streamOf(['text.delta', { step: 1, text: 'Let me see' }], call),
    )

    expect(await answer()).not.toHaveTextContent('Let me see')
    expect(screen.getByText('Earlier steps: 1 tool call')).toBeVisible()
    expect(screen.getByRole('img', { name: 'In progress' })).toBeVisible()
  })

  test.each([
    [{ is_error: false }, 'Returned a result'],
    [{ is_error: true }, 'Returned an error'],
  ])('shows the result of a tool call with %j', async (data, label) => {
    const result = {
      step: 2,
      tool_call_id: 'a',
      name: 'find_customer',
      ...data,
    }
    show(
      running,
      streamOf(['text.delta', { step: 1, text: 'Let me see' }], call, [
        'tool.result',
        { ...result, content: '{"name":"Ada"}' },
      ]),
    )

    expect(await screen.findByRole('img', { name: label })).toBeVisible()
    expect(screen.getByRole('group', { name: 'Result' })).toHaveTextContent(
      '"name": "Ada"',
    )
  })

  test('shows a tool call of a cancelled task as one without a result', async () => {
    const cancelled = makeTask({ status: 'cancelled', output_text: '' })
    const { user } = show(
      cancelled,
      streamOf(['text.delta', { step: 1, text: 'Let me see' }], call),
    )

    await user.click(await screen.findByText('Earlier steps: 1 tool call'))

    expect(screen.getByRole('img', { name: 'No result' })).toBeVisible()
  })

  test('reports a lost connection only while the task runs', async () => {
    const lost = reduceStream(emptyStream, {
      type: 'connection',
      connection: 'reconnecting',
    })
    const { unmount } = show(running, lost)
    expect(await screen.findByText(/Connection lost/)).toBeVisible()
    unmount()

    show(makeTask(), lost)

    expect(await answer()).toBeVisible()
    expect(screen.queryByText(/Connection lost/)).toBeNull()
  })
})

describe('a task without an answer', () => {
  test.each([
    ['pending', 'Waiting for a worker'],
    ['running', 'Waiting for the model'],
    ['waiting', 'Waiting'],
    ['completed', 'The answer is empty.'],
    ['failed', 'The task failed before it produced an answer.'],
    ['cancelled', 'The task was cancelled before it produced an answer.'],
  ] as const)('says why when it is %s', async (status, reason) => {
    renderPart(<EmptyOutput task={makeTask({ status })} hasSteps={false} />)

    expect(await screen.findByText(reason)).toBeVisible()
  })

  test('says what the server knows of the wait', async () => {
    const wait = {
      reason: 'queued',
      detail: 'Third in line.',
      position: 3,
    } as const
    const task = makeTask({
      status: 'pending',
      wait: wait as unknown as Task['wait'],
    })
    renderPart(<EmptyOutput task={task} hasSteps={false} />)

    expect(await screen.findByText('Third in line.')).toBeVisible()
  })
})

describe('a failure', () => {
  const failed = (error_code: Task['error_code'], error_detail = '') =>
    makeTask({ status: 'failed', error_code, error_detail })

  test('gives the reason, advice and the code', async () => {
    renderPart(
      <TaskFailure task={failed('provider_auth', 'The key was refused.')} />,
    )

    const alert = await screen.findByRole('alert')

    expect(alert).toHaveTextContent('The key was refused.')
    expect(alert).toHaveTextContent('Set a valid key')
    expect(alert).toHaveTextContent('provider_auth')
    expect(
      screen.getByRole('link', { name: 'Open the agent' }),
    ).toHaveAttribute('href', '/agents/1')
  })

  test('shows what the provider said', async () => {
    const task = failed('context_too_long', 'The conversation is too long.')
    const error_provider_message = 'maximum context length is 4096 tokens'
    renderPart(<TaskFailure task={{ ...task, error_provider_message }} />)

    const alert = await screen.findByRole('alert')

    expect(alert).toHaveTextContent(error_provider_message)
    expect(alert).toHaveTextContent('Shorten the input')
  })

  test('has no advice for a code that this page does not know', async () => {
    const newCode = 'new_code' as Task['error_code']
    renderPart(<TaskFailure task={failed(newCode)} />)

    const alert = await screen.findByRole('alert')

    expect(alert).toHaveTextContent(/^The task failed\.new_code$/)
  })

  test('is not shown for a task that did not fail', async () => {
    renderPart(
      <>
        <p>Here</p>
        <TaskFailure task={makeTask({ error_code: 'timeout' })} />
      </>,
    )

    expect(await screen.findByText('Here')).toBeVisible()
    expect(screen.queryByRole('alert')).toBeNull()
  })
})
