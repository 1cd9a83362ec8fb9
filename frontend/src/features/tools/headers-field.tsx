import { PlusIcon, XIcon } from 'lucide-react'
import { useFieldArray, useFormContext } from 'react-hook-form'

import { Button } from '@/components/ui/button'
import { Input } from '@/components/ui/input'

import type { HeaderValues } from './tool-schema'

type HeadersFieldProps = {
  /** The names of the headers whose values the server has. */
  stored: string[]
}

/** Headers with secret values, which are written and never shown again. Its form is the context. */
export function HeadersField({ stored }: HeadersFieldProps) {
  const { control, register, formState } = useFormContext<{
    headers: HeaderValues[]
  }>()
  const { fields, append, remove } = useFieldArray({ control, name: 'headers' })
  const { headers } = formState.errors
  const error = headers?.message ?? headers?.root?.message
  return (
    <fieldset className="space-y-2">
      <legend className="text-sm font-medium">Headers</legend>
      <p className="text-xs text-muted-foreground">
        For example Authorization. Values are encrypted and never shown again.
      </p>
      {fields.map((field, index) => (
        <div key={field.id} className="flex items-center gap-2">
          <Input
            {...register(`headers.${index}.name`)}
            aria-label={`Name of header ${index + 1}`}
            placeholder="Authorization"
            className="flex-1 font-mono"
          />
          <Input
            {...register(`headers.${index}.value`)}
            type="password"
            autoComplete="off"
            aria-label={`Value of header ${index + 1}`}
            placeholder={
              stored.includes(field.name)
                ? 'Leave empty to keep the stored value'
                : 'Value'
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
