import { screen, waitFor } from '@testing-library/react'
import { expect } from 'vitest'

/** A text is shown, or will be: a toast is there for a moment before it can be seen. */
export const sees = (text: string | RegExp) =>
  waitFor(() => {
    expect(screen.getByText(text)).toBeVisible()
  })
