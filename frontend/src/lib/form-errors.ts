import type { FieldValues, Path, UseFormSetError } from 'react-hook-form'

import { asProblem } from './api/problem'

/**
 * Put the errors of a refused request on their fields.
 * Returns the sentence for what belongs to no field of the form.
 */
export function showProblem<Values extends FieldValues>(
  error: unknown,
  setError: UseFormSetError<Values>,
  fields: readonly Path<Values>[],
) {
  const problem = asProblem(error)
  const errors = Object.entries(problem.errors ?? {})
  const sentence = (found: typeof errors) =>
    found.flatMap(([, each]) => each.map(({ detail }) => detail)).join(' ')

  for (const field of fields) {
    const own = errors.filter(([name]) => isPart(name, field))
    if (own.length > 0) setError(field, { message: sentence(own) })
  }
  const others = errors.filter(
    ([name]) => !fields.some((field) => isPart(name, field)),
  )
  if (others.length > 0) return sentence(others)
  return errors.length > 0 ? undefined : problem.detail
}

/** The server names a part of a list or an object by its place, as in `tools.1`. */
const isPart = (name: string, field: string) =>
  name === field || name.startsWith(`${field}.`)
