import { screen } from '@testing-library/react'
import { expect, test } from 'vitest'

import { makeTask } from '@/testing/factories'
import { renderPart } from '@/testing/render'

import type { Task } from '../queries'
import { TaskActions } from './task-actions'

async function firstAction(error_code: Task['error_code']) {
  const task = makeTask({ status: 'failed', error_code })
  renderPart(<TaskActions task={task} />)
  const retry = await screen.findByRole('button', { name: 'Retry' })
  return retry.parentElement?.firstElementChild
}

test('offers a retry first if it can help', async () => {
  expect(await firstAction('provider_unavailable')).toHaveTextContent('Retry')
})

test('offers the agent first if a retry can only fail again', async () => {
  const first = await firstAction('context_too_long')

  expect(first).toHaveTextContent('Change the agent')
  expect(first).toHaveAttribute('href', '/agents/1')
})
