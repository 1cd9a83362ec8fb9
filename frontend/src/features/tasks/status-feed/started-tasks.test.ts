import { beforeEach, expect, test } from 'vitest'

import { forgetStarted, rememberStarted, startedTasks } from './started-tasks'

beforeEach(() => {
  sessionStorage.clear()
})

test('remembers tasks until they are forgotten', () => {
  rememberStarted(1)
  rememberStarted(2)
  forgetStarted(1)

  expect(startedTasks()).toEqual([2])
})

test('has a task once although it was started twice', () => {
  rememberStarted(1)
  rememberStarted(2)
  rememberStarted(1)

  expect(startedTasks()).toEqual([2, 1])
})

test('keeps the newest of many', () => {
  for (let id = 1; id <= 25; id += 1) rememberStarted(id)

  expect(startedTasks()).toHaveLength(20)
  expect(startedTasks().at(-1)).toBe(25)
})

test.each(['', '{', 'null', '{"a": 1}', '["1"]', '[1.5]'])(
  'starts afresh from the stored text %j',
  (text) => {
    sessionStorage.setItem('agentarium.started', text)

    expect(startedTasks()).toEqual([])
    rememberStarted(3)
    expect(startedTasks()).toEqual([3])
  },
)
