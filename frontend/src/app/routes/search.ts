import * as z from 'zod/mini'

import { STATUSES } from '@/components/status'

/** What may stand in an address. What stands there wrongly is left out. */
export const text = z.catch(z.optional(z.string()), undefined)

export const id = z.catch(
  z.optional(z.coerce.number().check(z.int(), z.positive())),
  undefined,
)

/** A day, as in 2026-05-04. */
export const day = z.catch(z.optional(z.iso.date()), undefined)

export const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.catch(z.optional(z.enum(values)), undefined)

/** Several values as they stand in the URL, or as a link gives them. */
export const statuses = z.catch(
  z.optional(
    z.pipe(
      z.transform((value) =>
        typeof value === 'string' ? value.split(',') : value,
      ),
      z.array(z.enum(STATUSES)),
    ),
  ),
  undefined,
)
