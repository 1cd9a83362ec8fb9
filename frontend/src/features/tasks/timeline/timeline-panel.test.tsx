import { screen, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'

import { makePage, makeProblem, makeStep, makeTask } from '@/testing/factories'
import { idsTo } from '@/testing/list-states'
import { at } from '@/testing/time'
import { renderPart } from '@/testing/render'
import { server } from '@/testing/server'

import { emptyStream } from '../stream/task-stream'
import { TimelinePanel } from './timeline-panel'

const task = makeTask({
  id: 7,
  created_at: at(0),
  started_at: at(1),
  finished_at: at(60),
})

const path = '/api/tasks/7/steps/'

function show(
  count: number,
  fields: Partial<ReturnType<typeof makeStep>> = {},
) {
  const steps = idsTo(count).map((id) => ({ ...makeStep(id), ...fields }))
  server.use(http.get(path, () => HttpResponse.json(makePage(steps))))
  return renderPart(<TimelinePanel task={task} stream={emptyStream} />)
}

const lines = async () =>
  within(await screen.findByRole('list', { name: 'Timeline' })).getAllByRole(
    'listitem',
  )

test.each([0, 1, 50])('shows the queue and %i responses', async (count) => {
  show(count)

  const shown = await lines()

  expect(shown).toHaveLength(count + 1)
  expect(shown[0]).toHaveTextContent('Waited for a worker')
  expect(shown[0]).toHaveTextContent('1.0 s')
})

test('says why the steps could not be loaded, and retries', async () => {
  server.use(
    http.get(path, () =>
      HttpResponse.json(makeProblem(403, 'no', 'Not permitted.'), {
        status: 403,
      }),
    ),
  )
  const { user } = renderPart(
    <TimelinePanel task={task} stream={emptyStream} />,
  )
  expect(await screen.findByRole('alert')).toHaveTextContent('Not permitted.')

  server.use(http.get(path, () => HttpResponse.json(makePage([makeStep(1)]))))
  await user.click(screen.getByRole('button', { name: 'Try again' }))

  expect(await lines()).toHaveLength(2)
})

test('opens a response to its text, its tokens and its cost', async () => {
  const { user } = show(1, {
    cached_input_tokens: 2,
    cost: '0.012',
    message: {
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: 'Think first.' },
        { type: 'text', text: 'The answer.' },
      ],
    },
  })
  const line = await screen.findByRole('button', { name: /openai:fake/ })

  await user.click(line)

  expect(line).toHaveAttribute('aria-expanded', 'true')
  expect(screen.getByText('The answer.')).toBeVisible()
  expect(screen.getByText('Reasoning')).toBeVisible()
  expect(screen.getByText('3, 2 cached')).toBeVisible()
  expect(screen.getByText('$0.012')).toBeVisible()
})

test('says that a response without text is empty', async () => {
  const { user } = show(1, { finish_reason: '' })

  await user.click(await screen.findByRole('button', { name: /openai:fake/ }))

  expect(screen.getByText('The response is empty.')).toBeVisible()
})

test('shows a tool call without a result', async () => {
  const { user } = show(1, {
    message: {
      role: 'assistant',
      parts: [
        {
          type: 'tool_call',
          tool_call_id: 'a',
          name: 'find_customer',
          arguments: '{"id":12345678901234567890}',
        },
      ],
    },
  })

  await user.click(await screen.findByRole('button', { name: /find_customer/ }))

  expect(screen.getByRole('group', { name: 'Arguments' })).toHaveTextContent(
    '12345678901234567890',
  )
  expect(screen.getByText('No result.')).toBeVisible()
})
