import type { FieldError, UseFormRegisterReturn } from 'react-hook-form'

import { Field } from '@/components/ui/field'
import { Input, Textarea } from '@/components/ui/input'

type ToolFieldProps = {
  /** What `form.register` returns for the field. */
  field: UseFormRegisterReturn
  error: FieldError | undefined
  hint?: string
}

export function NameField({ field, error, hint }: ToolFieldProps) {
  return (
    <Field label="Name" hint={hint} error={error?.message}>
      {(control) => (
        <Input
          {...control}
          {...field}
          spellCheck={false}
          className="font-mono"
        />
      )}
    </Field>
  )
}

export function DescriptionField({ field, error, hint }: ToolFieldProps) {
  return (
    <Field label="Description" hint={hint} error={error?.message}>
      {(control) => (
        <Textarea
          {...control}
          {...field}
          className="field-sizing-content max-h-40 min-h-16"
        />
      )}
    </Field>
  )
}

type UrlFieldProps = ToolFieldProps & { placeholder: string }

export function UrlField({ field, error, placeholder }: UrlFieldProps) {
  return (
    <Field label="URL" error={error?.message}>
      {(control) => (
        <Input
          {...control}
          {...field}
          inputMode="url"
          spellCheck={false}
          placeholder={placeholder}
          className="font-mono"
        />
      )}
    </Field>
  )
}

/** Register it with `valueAsNumber`. */
export function TimeoutField({ field, error }: ToolFieldProps) {
  return (
    <Field
      label="Timeout in seconds"
      error={error?.message}
      className="max-w-40"
    >
      {(control) => <Input {...control} {...field} type="number" min={1} />}
    </Field>
  )
}
