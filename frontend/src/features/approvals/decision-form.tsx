import type { ComponentProps, ReactNode } from 'react'

import { Field } from '@/components/ui/field'
import { Textarea } from '@/components/ui/input'

type DecisionFormProps = {
  onSubmit: () => void
  children: ReactNode
  /** The decisions that can be taken. */
  buttons: ReactNode
}

/** What a person decides about a tool call, with the buttons below. */
export function DecisionForm({
  onSubmit,
  children,
  buttons,
}: DecisionFormProps) {
  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit()
      }}
    >
      {children}
      <DecisionButtons>{buttons}</DecisionButtons>
    </form>
  )
}

/** In a row; on a phone the first one has a row of its own. */
export function DecisionButtons({ children }: { children: ReactNode }) {
  return (
    <div className="flex flex-wrap gap-2 max-sm:*:grow max-sm:*:first:basis-full">
      {children}
    </div>
  )
}

type TextFieldProps = Omit<
  ComponentProps<typeof Textarea>,
  'value' | 'onChange'
> & {
  label: string
  hint?: string
  error?: string | undefined
  value: string
  onChange: (value: string) => void
}

/** A text that goes with a decision, in a field that grows with it. */
export function TextField({
  label,
  hint,
  error,
  value,
  onChange,
  ...props
}: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <Textarea
          className="field-sizing-content max-h-80"
          {...props}
          {...control}
          value={value}
          onChange={(event) => {
            onChange(event.target.value)
          }}
        />
      )}
    </Field>
  )
}
