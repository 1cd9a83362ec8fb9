import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'

import { Combobox } from './combobox'
import type { Choice } from './combobox'

const CHOICES: Choice[] = [
  { value: 'a', label: 'Apple', group: 'Fruit' },
  {
    value: 'b',
    label: 'Beetroot',
    group: 'Roots',
    isDisabled: true,
    hint: 'Sold out',
  },
  { value: 'c', label: 'Cherry', group: 'Fruit' },
]

type Options = Partial<Parameters<typeof Combobox>[0]>

function show(options: Options = {}) {
  const onChange = vi.fn()
  render(
    <Combobox
      label="Food"
      choices={CHOICES}
      value=""
      onChange={onChange}
      placeholder="Choose food"
      searchLabel="Search food"
      empty="No matching food."
      {...options}
    />,
  )
  return { user: userEvent.setup(), onChange }
}

async function open(options: Options = {}) {
  const shown = show(options)
  await shown.user.click(screen.getByRole('combobox', { name: /^Food/ }))
  return shown
}

const options = () =>
  screen.getAllByRole('option').map(({ textContent }) => textContent)

test('lists the choices by group', async () => {
  await open()

  expect(options()).toEqual(['Apple', 'Cherry', 'BeetrootSold out'])
})

test('chooses what is typed, and closes', async () => {
  const { user, onChange } = await open()

  await user.keyboard('cherr{Enter}')

  expect(onChange).toHaveBeenCalledExactlyOnceWith('c')
  expect(screen.queryByRole('option')).toBeNull()
})

test('does not choose what is unavailable', async () => {
  const { user, onChange } = await open()

  await user.click(screen.getByRole('option', { name: /Beetroot/ }))

  expect(onChange).not.toHaveBeenCalled()
})

test('says that nothing matches', async () => {
  const { user } = await open()

  await user.keyboard('zzz')

  expect(screen.getByText('No matching food.')).toBeVisible()
})

test('offers any other text where that is allowed', async () => {
  const { user, onChange } = await open({ custom: (text) => `Use ${text}` })

  await user.keyboard('  my own {Enter}')

  expect(onChange).toHaveBeenCalledExactlyOnceWith('my own')
})

test('leaves the filtering to a search on the server', async () => {
  const onSearch = vi.fn()
  const { user } = await open({ onSearch })

  await user.keyboard('zz')

  expect(onSearch).toHaveBeenLastCalledWith('zz')
  expect(options()).toHaveLength(3)
})

test('shows a value that is not among the choices', () => {
  show({ value: 'unknown' })

  expect(
    screen.getByRole('combobox', { name: 'Food: unknown' }),
  ).toBeInTheDocument()
})
