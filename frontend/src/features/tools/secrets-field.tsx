import { PlusIcon, XIcon } from 'lucide-react'
import { useFieldArray, useFormContext } from 'react-hook-form'

import { Button } from '@/components/ui/button'
import { Input } from '@/components/ui/input'

import type { SecretValues } from './tool-schema'

type SecretsFieldProps = {
  name: 'headers' | 'url_secrets'
  /** The names of the secrets whose values the server has. */
  stored: string[]
}

const TEXTS = {
  headers: {
    title: 'Headers',
    hint: 'For example Authorization. Values are encrypted and never shown again.',
    noun: 'header',
    example: 'Authorization',
  },
  url_secrets: {
    title: 'Secrets of the URL',
    hint: 'For example api_key. Each fills the {placeholder} with its name, or is added as a query parameter. The model never sees it.',
    noun: 'URL secret',
    example: 'api_key',
  },
}

/** Secret values, which are written and never shown again. Its form is the context. */
export function SecretsField({ name, stored }: SecretsFieldProps) {
  const { control, register, formState } = useFormContext<{
    headers: SecretValues[]
    url_secrets: SecretValues[]
  }>()
  const { fields, append, remove } = useFieldArray({ control, name })
  const { title, hint, noun, example } = TEXTS[name]
  const errors = formState.errors[name]
  const error = errors?.message ?? errors?.root?.message
  return (
    <fieldset className="space-y-2">
      <legend className="text-sm font-medium">{title}</legend>
      <p className="text-xs text-muted-foreground">{hint}</p>
      {fields.map((field, index) => (
        <div key={field.id} className="flex items-center gap-2">
          <Input
            {...register(`${name}.${index}.name`)}
            aria-label={`Name of ${noun} ${index + 1}`}
            placeholder={example}
            className="flex-1 font-mono"
          />
          <Input
            {...register(`${name}.${index}.value`)}
            type="password"
            autoComplete="off"
            aria-label={`Value of ${noun} ${index + 1}`}
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
            aria-label={`Remove ${noun} ${index + 1}`}
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
        Add a {noun}
      </Button>
    </fieldset>
  )
}
