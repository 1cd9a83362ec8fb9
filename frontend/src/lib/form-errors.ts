import type { FieldValues, Path, UseFormSetError } from 'react-hook-form'

import { asProblem } from './api/problem'

/**
 * Put the errors of a rejected request on their fields.
 * Returns a message for those that belong to no field of the form.
 */
export function showProblem<Values extends FieldValues>(
  error: unknown,
  setError: UseFormSetError<Values>,
  fields: readonly Path<Values>[],
) {
  const problem = asProblem(error)
  const errors = Object.entries(problem.errors ?? {})
  const messageOf = (found: typeof errors) =>
    found.flatMap(([, each]) => each.map(({ detail }) => detail)).join(' ')

  for (const field of fields) {
    const own = errors.filter(([name]) => isPart(name, field))
    if (own.length > 0) setError(field, { message: messageOf(own) })
  }
  const others = errors.filter(
    ([name]) => !fields.some((field) => isPart(name, field)),
  )
  if (others.length > 0) return messageOf(others)
  return errors.length > 0 ? undefined : problem.detail
}

/** The server names a part of a list or an object by its path, as in `tools.1`. */
const isPart = (name: string, field: string) =>
  name === field || name.startsWith(`${field}.`)
