import { screen } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { beforeEach, describe, expect, test, vi } from 'vitest'

import { makeAgent, makePage, makeVersion } from '@/testing/factories'
import { idsTo, testListStates } from '@/testing/list-states'
import { renderPart } from '@/testing/render'
import { server } from '@/testing/server'

import { AgentFilter } from './agent-filter'
import { agentSchema, agentValues } from './form/agent-schema'
import { AgentsPage } from './list/agents-page'
import { AgentVersions } from './versions/agent-versions'

const nothing = () => undefined

testListStates({
  name: 'agents',
  content: (
    <AgentsPage
      filters={{}}
      onFiltersChange={nothing}
      isCreating={false}
      onCreatingChange={nothing}
      onCreated={nothing}
    />
  ),
  path: '/api/agents/',
  respond: (count) => makePage(idsTo(count).map((id) => makeAgent({ id }))),
  list: 'Agents',
  empty: 'No agents yet',
})

describe('versions', () => {
  const show = (count: number) => {
    const versions = idsTo(count)
      .toReversed()
      .map((number) => makeVersion({ number }))
    server.use(
      http.get('/api/agents/1/versions/', () =>
        HttpResponse.json(makePage(versions)),
      ),
    )
    return renderPart(<AgentVersions agent={makeAgent({ version: count })} />)
  }

  test('explains what a version is while there is only one', async () => {
    show(1)

    expect(
      await screen.findByText(/The definition has not changed/),
    ).toBeVisible()
    expect(screen.queryByRole('listitem')).toBeNull()
  })

  test('lists fifty, and marks the current one', async () => {
    show(50)

    expect(await screen.findAllByRole('listitem')).toHaveLength(50)
    expect(
      screen.getByRole('button', { name: /^Version 50 Current/ }),
    ).toBeVisible()
  })

  test('cannot restore the current version, but any other', async () => {
    const { user } = show(2)

    await user.click(await screen.findByRole('button', { name: /^Version 2/ }))
    expect(screen.getByText('These versions are identical.')).toBeVisible()
    expect(screen.queryByRole('button', { name: /^Restore/ })).toBeNull()

    await user.keyboard('{Escape}')
    await user.click(screen.getByRole('button', { name: /^Version 1/ }))
    expect(
      screen.getByRole('button', { name: 'Restore version 1' }),
    ).toBeVisible()
  })
})

describe('the filter by agent', () => {
  beforeEach(() => {
    server.use(
      http.get('/api/agents/', ({ request }) => {
        const search = new URL(request.url).searchParams.get('search') ?? ''
        const agents = [makeAgent({ id: 1, name: 'Writer' })]
        return HttpResponse.json(
          makePage(agents.filter(({ name }) => name.includes(search))),
        )
      }),
      http.get('/api/agents/9/', () =>
        HttpResponse.json(makeAgent({ id: 9, name: 'Archivist' })),
      ),
    )
  })

  test('shows a selected agent that the search does not find, and clears it', async () => {
    const onChange = vi.fn()
    const { user } = renderPart(
      <AgentFilter selected={9} onChange={onChange} />,
    )

    await user.click(
      await screen.findByRole('combobox', { name: 'Agent: Archivist' }),
    )
    expect(
      screen.getAllByRole('option').map(({ textContent }) => textContent),
    ).toEqual(['Any agent', 'Archivist', 'Writer'])
    await user.click(screen.getByRole('option', { name: 'Any agent' }))

    expect(onChange).toHaveBeenCalledExactlyOnceWith(undefined)
  })

  test('says what it did not find', async () => {
    const { user } = renderPart(
      <AgentFilter selected={undefined} onChange={nothing} />,
    )

    await user.click(
      await screen.findByRole('combobox', { name: 'Agent: Any agent' }),
    )
    await user.keyboard('zzz')

    expect(await screen.findByText('No agents match “zzz”.')).toBeVisible()
  })
})

describe('the form of an agent', () => {
  const values = { ...agentValues(undefined), name: 'Writer', model: 'a:b' }

  test('accepts its own defaults, and every stored agent', () => {
    expect(agentSchema.safeParse(values).success).toBe(true)
    expect(agentSchema.safeParse(agentValues(makeAgent())).success).toBe(true)
  })

  test.each([
    ['name', '', 'Enter a name.'],
    ['name', '   ', 'Enter a name.'],
    ['name', 'x'.repeat(101), 'Use at most 100 characters.'],
    ['model', ' ', 'Choose a model.'],
    ['fallback_models', ['a:b', ''], 'Choose a model.'],
    ['fallback_models', Array(6).fill('a:b'), 'Use at most five models.'],
    ['max_output_tokens', 0, 'At least 1.'],
    ['max_steps', 0, 'At least one.'],
    ['max_steps', 1.5, 'Enter a whole number.'],
    ['max_steps', Number.NaN, 'Enter a whole number.'],
    ['step_timeout', 0, 'At least one second.'],
    ['timeout', 86_401, 'At most 86,400 seconds (one day).'],
  ])('rejects %s: %j', (field, value, message) => {
    const { error } = agentSchema.safeParse({ ...values, [field]: value })

    expect(error?.issues.map((issue) => issue.message)).toContain(message)
  })

  test('leaves out white space around names', () => {
    const parsed = agentSchema.parse({
      ...values,
      name: ' Writer ',
      model: ' a:b ',
    })

    expect(parsed).toMatchObject({ name: 'Writer', model: 'a:b' })
  })
})
