import { screen, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { beforeEach, expect, test } from 'vitest'

import { makePage, makeTask, makeTaskRow } from '@/testing/factories'
import { idsTo } from '@/testing/list-states'
import { renderPart } from '@/testing/render'
import { server } from '@/testing/server'

import type { Task } from '../queries'
import { emptyStream } from '../stream/task-stream'
import { TaskConversation } from './task-conversation'

let conversation: Task[] = []

beforeEach(() => {
  conversation = []
  server.use(
    http.get('/api/tasks/7/conversation/', () =>
      HttpResponse.json(conversation),
    ),
    http.get('/api/tasks/', () =>
      HttpResponse.json(makePage([makeTaskRow({ id: 20 })])),
    ),
  )
})

const turn = (id: number, fields: Partial<Task> = {}) =>
  makeTask({ id, input_text: `Question ${id}`, ...fields })

const show = (task: Task) =>
  renderPart(<TaskConversation task={task} stream={emptyStream} />)

test('shows a single task without a conversation', async () => {
  const task = turn(7)
  conversation = [task]
  show(task)

  expect(await screen.findByText('Question 7')).toBeVisible()
  expect(screen.queryByRole('region', { name: 'Conversation' })).toBeNull()
})

test('shows earlier turns before the task, and later ones after it', async () => {
  const task = turn(7)
  conversation = [turn(5), turn(6), task, turn(8)]
  show(task)

  const earlier = await screen.findByRole('region', { name: 'Conversation' })

  expect(
    within(earlier)
      .getAllByRole('link')
      .map(({ textContent }) => textContent),
  ).toEqual(['Task 5', 'Task 6'])
  const after = screen.getByRole('region', { name: 'Follow up' })
  expect(within(after).getByText('Question 8')).toBeVisible()
})

test('shows fifty earlier turns', async () => {
  const task = turn(100)
  server.use(
    http.get('/api/tasks/100/conversation/', () =>
      HttpResponse.json([...idsTo(50).map((id) => turn(id)), task]),
    ),
  )
  show(task)

  const earlier = await screen.findByRole('region', { name: 'Conversation' })

  expect(within(earlier).getAllByRole('listitem')).toHaveLength(50)
})

test.each([
  [{ output_text: '## Title\n\n**bold**' }, 'Title bold'],
  [{ output_text: '', error_detail: 'It timed out.' }, 'It timed out.'],
  [{ output_text: '', error_detail: '' }, 'No answer yet.'],
])('sums up an earlier turn with %j', async (fields, summary) => {
  const task = turn(7)
  conversation = [turn(6, fields), task]
  show(task)

  expect(await screen.findByText(summary)).toBeVisible()
})

test.each([
  ['completed', true],
  ['running', false],
  ['failed', false],
] as const)('a %s task can be continued: %s', async (status, canContinue) => {
  show(turn(7, { status }))
  await screen.findByText('Question 7')

  const field = screen.queryByRole('textbox', { name: 'Follow up' })

  expect(field !== null).toBe(canContinue)
})

test('lists the tasks that it called', async () => {
  show(turn(7, { steps_count: 3 }))

  const called = await screen.findByRole('list', { name: 'Called tasks' })

  expect(within(called).getAllByRole('listitem')).toHaveLength(1)
})
