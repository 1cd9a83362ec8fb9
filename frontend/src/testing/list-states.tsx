import { screen, within } from '@testing-library/react'
import { delay, http, HttpResponse } from 'msw'
import type { JsonBodyType } from 'msw'
import type { ReactNode } from 'react'
import { describe, expect, test } from 'vitest'

import { makeProblem } from './factories'
import { renderPart } from './render'
import { server } from './server'

type ListStates = {
  /** What the list shows. */
  name: string
  content: ReactNode
  /** Where it is loaded from, and the response with so many rows. */
  path: string
  respond: (count: number) => JsonBodyType
  /** The accessible name of the list, or the role of each item outside a list. */
  list?: string
  item?: string
  empty: string | RegExp
}

/** The states that every list has: loading, empty, failed, one row and fifty rows. */
export function testListStates(states: ListStates) {
  const {
    name,
    content,
    path,
    respond,
    list,
    item = 'listitem',
    empty,
  } = states

  const serve = (count: number) => {
    server.use(http.get(path, () => HttpResponse.json(respond(count))))
  }
  const itemsShown = async () => {
    const scope = list
      ? within(await screen.findByRole('list', { name: list }))
      : screen
    const items = await scope.findAllByRole(item)
    // Rows may have lists of their own.
    return items.filter(
      (each) => !each.parentElement?.closest(item === 'listitem' ? 'li' : item),
    )
  }

  describe(name, () => {
    test('shows that it is loading', async () => {
      server.use(http.get(path, () => delay('infinite')))
      renderPart(content)

      expect(
        await screen.findByRole('status', { name: 'Loading' }),
      ).toBeInTheDocument()
      expect(screen.queryByText(empty)).toBeNull()
    })

    test('says that it is empty', async () => {
      serve(0)
      renderPart(content)

      expect(await screen.findByText(empty)).toBeVisible()
      expect(screen.queryByRole('status', { name: 'Loading' })).toBeNull()
    })

    test('says why it could not be loaded, and retries', async () => {
      server.use(
        http.get(path, () =>
          HttpResponse.json(makeProblem(403, 'no', 'Not permitted.'), {
            status: 403,
          }),
        ),
      )
      const { user } = renderPart(content)
      expect(await screen.findByRole('alert')).toHaveTextContent(
        'Not permitted.',
      )

      serve(1)
      await user.click(screen.getByRole('button', { name: 'Try again' }))

      expect(await itemsShown()).toHaveLength(1)
      expect(screen.queryByRole('alert')).toBeNull()
    })

    test.each([1, 50])('shows %i', async (count) => {
      serve(count)
      renderPart(content)

      expect(await itemsShown()).toHaveLength(count)
    })
  })
}

/** The numbers from 1 to `count`, as IDs. */
export const idsTo = (count: number) =>
  Array.from({ length: count }, (_, index) => index + 1)
