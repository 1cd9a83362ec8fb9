import { screen, waitFor } from '@testing-library/react'
import { expect } from 'vitest'

/** Waits until a text is visible: a toast exists for a moment before it is. */
export const sees = (text: string | RegExp) =>
  waitFor(() => {
    expect(screen.getByText(text)).toBeVisible()
  })
