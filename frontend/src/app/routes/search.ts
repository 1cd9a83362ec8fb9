import * as z from 'zod/mini'

import { STATUSES } from '@/components/status'

/** Parameters of an address. Invalid values are ignored. */
export const text = z.catch(z.optional(z.string()), undefined)

export const id = z.catch(
  z.optional(z.coerce.number().check(z.int(), z.positive())),
  undefined,
)

/** A day such as 2026-05-04. */
export const day = z.catch(z.optional(z.iso.date()), undefined)

export const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.catch(z.optional(z.enum(values)), undefined)

/** Several values, as text from the URL or as a list from a link. */
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
