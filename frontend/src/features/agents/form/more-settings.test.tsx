import { zodResolver } from '@hookform/resolvers/zod'
import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useForm } from 'react-hook-form'
import { expect, test, vi } from 'vitest'

import { makeAgent } from '@/testing/factories'
import { renderPart } from '@/testing/render'

import type { Agent, AgentRequest } from '../queries'
import { agentRequest, agentSchema, agentValues } from './agent-schema'
import { MoreSettings } from './more-settings'

const onSave = vi.fn<(request: AgentRequest) => void>()

function Form({ agent }: { agent: Agent }) {
  const form = useForm({
    resolver: zodResolver(agentSchema),
    defaultValues: agentValues(agent),
  })
  const submit = form.handleSubmit((values) => {
    onSave(agentRequest(values))
  })
  return (
    <form onSubmit={(event) => void submit(event)}>
      <MoreSettings form={form} />
      <button type="submit">Save</button>
    </form>
  )
}

async function open(agent = makeAgent()) {
  renderPart(<Form agent={agent} />)
  const user = userEvent.setup()
  await user.click(await screen.findByText('More settings'))
  return { user, save: () => user.click(screen.getByText('Save')) }
}

const field = (label: string) => screen.getByLabelText(label)

test('sends the settings that few agents need', async () => {
  const { user, save } = await open()

  await user.type(field('Top P'), '0.9')
  await user.type(field('Seed'), '7')
  await user.selectOptions(field('Reasoning effort'), 'high')
  await user.selectOptions(field('Parallel tool calls'), 'One at a time')
  await user.type(field('Stop texts'), 'END{Enter}###')
  await user.type(field('Extra parameters'), '{{"top_k": 20}')
  await save()

  expect(onSave.mock.lastCall?.[0]).toMatchObject({
    top_p: 0.9,
    seed: 7,
    reasoning_effort: 'high',
    parallel_tool_calls: false,
    stop: ['END', '###'],
    extra_body: { top_k: 20 },
  })
})

test('keeps what an agent has', async () => {
  const settings = {
    top_p: 0.5,
    reasoning_effort: 'low',
    seed: 0,
    stop: ['a\n\n', '\\n'],
    parallel_tool_calls: true,
    extra_body: { min_p: 0.1 },
  } as const
  const { save } = await open(
    makeAgent({ ...settings, stop: [...settings.stop] }),
  )

  await save()

  expect(onSave.mock.lastCall?.[0]).toMatchObject(settings)
})

test('refuses extra parameters that are no object', async () => {
  const { user, save } = await open()

  await user.type(field('Extra parameters'), '[[1]')
  await save()

  expect(await screen.findByText('Enter a JSON object.')).toBeVisible()
})
