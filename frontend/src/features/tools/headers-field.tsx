import { PlusIcon, XIcon } from 'lucide-react'
import { useFieldArray } from 'react-hook-form'
import type { UseFormReturn } from 'react-hook-form'

import { Button } from '@/components/ui/button'
import { Input } from '@/components/ui/input'

import type { HeaderValues } from './tool-schema'

type HeadersFieldProps<Values extends WithHeaders> = {
  form: UseFormReturn<Values>
  stored: string[]
}

type WithHeaders = { headers: HeaderValues[] }

/** Headers with their secrets: written, and never shown again. */
export function HeadersField<Values extends WithHeaders>({
  form: anyForm,
  stored,
}: HeadersFieldProps<Values>) {
  // Of whichever form it is, only these are touched.
  const form = anyForm as unknown as UseFormReturn<WithHeaders>
  const { fields, append, remove } = useFieldArray({
    control: form.control,
    name: 'headers',
  })
  const { headers } = form.formState.errors
  const error = headers?.message ?? headers?.root?.message
  return (
    <fieldset className="space-y-2">
      <legend className="text-sm font-medium">Headers</legend>
      <p className="text-xs text-muted-foreground">
        Such as Authorization. Their values are encrypted and never shown again.
      </p>
      {fields.map((field, index) => (
        <div key={field.id} className="flex items-center gap-2">
          <Input
            {...form.register(`headers.${index}.name`)}
            aria-label={`Name of header ${index + 1}`}
            placeholder="Authorization"
            className="flex-1 font-mono"
          />
          <Input
            {...form.register(`headers.${index}.value`)}
            type="password"
            autoComplete="off"
            aria-label={`Value of header ${index + 1}`}
            placeholder={
              stored.includes(field.name) ? 'stored; empty keeps it' : 'Value'
            }
            className="flex-1 font-mono"
          />
          <Button
            variant="ghost"
            size="icon-small"
            aria-label={`Remove header ${index + 1}`}
            onClick={() => {
              remove(index)
            }}
          >
            <XIcon />
          </Button>
        </div>
      ))}
      {error && (
        <p role="alert" className="text-xs text-destructive">
          {error}
        </p>
      )}
      <Button
        variant="outline"
        size="small"
        onClick={() => {
          append({ name: '', value: '' })
        }}
      >
        <PlusIcon />
        Add a header
      </Button>
    </fieldset>
  )
}
