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
  const known = fields.filter((field) => problem.errors?.[field])
  for (const field of known) {
    const found = problem.errors?.[field] ?? []
    setError(field, { message: found.map(({ detail }) => detail).join(' ') })
  }
  const others = errors.filter(
    ([name]) => !known.some((field) => field === name),
  )
  if (others.length > 0) {
    return others.flatMap(([, found]) => found.map((e) => e.detail)).join(' ')
  }
  return errors.length > 0 ? undefined : problem.detail
}
