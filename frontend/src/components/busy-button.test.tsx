import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'

import { BusyButton } from './busy-button'

test('acts when it is pressed', async () => {
  const onClick = vi.fn()
  render(
    <BusyButton isBusy={false} onClick={onClick}>
      Save
    </BusyButton>,
  )

  await userEvent.click(screen.getByRole('button', { name: 'Save' }))

  expect(onClick).toHaveBeenCalledOnce()
})

test('keeps its focus and does nothing while it is busy', async () => {
  const onClick = vi.fn()
  const { rerender } = render(
    <BusyButton isBusy={false} onClick={onClick}>
      Save
    </BusyButton>,
  )
  const button = screen.getByRole('button', { name: 'Save' })
  button.focus()

  rerender(
    <BusyButton isBusy onClick={onClick}>
      Save
    </BusyButton>,
  )
  await userEvent.keyboard('{Enter} ')

  expect(button).toHaveFocus()
  expect(button).toHaveAttribute('aria-disabled', 'true')
  expect(onClick).not.toHaveBeenCalled()
})

test('keeps its form from being submitted twice', async () => {
  const onSubmit = vi.fn((event: Event) => {
    event.preventDefault()
  })
  render(
    <form
      onSubmit={(event) => {
        onSubmit(event.nativeEvent)
      }}
    >
      <input aria-label="Name" />
      <BusyButton type="submit" isBusy>
        Save
      </BusyButton>
    </form>,
  )

  await userEvent.type(screen.getByLabelText('Name'), 'a{Enter}')

  expect(onSubmit).not.toHaveBeenCalled()
})
