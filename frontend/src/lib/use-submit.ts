import type { FieldValues, Path, UseFormReturn } from 'react-hook-form'
import { toast } from 'sonner'

import { showProblem } from './form-errors'

/**
 * The submit handler of a form. What the server rejects is shown on its field; what
 * belongs to none of `fields` goes to `showMessage`, a toast unless the form has a place
 * for it.
 */
export function useSubmit<Values extends FieldValues>(
  form: UseFormReturn<Values>,
  fields: readonly Path<Values>[],
  save: (values: Values) => Promise<unknown>,
  showMessage: (message: string) => void = toast.error,
) {
  return form.handleSubmit(async (values) => {
    try {
      await save(values)
    } catch (error) {
      const message = showProblem(error, form.setError, fields)
      if (message) showMessage(message)
    }
  })
}
