import { useQuery } from '@tanstack/react-query'
import { useEffect, useEffectEvent } from 'react'

import { Combobox } from '@/components/combobox'
import type { ControlProps } from '@/components/ui/field'

import { modelsQuery } from './queries'

type ModelPickerProps = {
  control: ControlProps
  value: string
  onChange: (model: string) => void
}

/** The models that can be called now, why the others cannot, or any other by its name. */
export function ModelPicker({ control, value, onChange }: ModelPickerProps) {
  const { data: models, isPending } = useQuery(modelsQuery())
  const usual = models?.find((model) => model.is_default)?.name ?? ''

  const choose = useEffectEvent(() => {
    if (usual && !value) onChange(usual)
  })
  // A new agent begins with the server's default, once that is known.
  useEffect(() => {
    choose()
  }, [usual])

  return (
    <Combobox
      control={control}
      value={value}
      onChange={onChange}
      placeholder={isPending ? 'Loading models…' : 'Choose a model'}
      searchLabel="Search, or type a model's name"
      empty="No model is known yet. Type its name, as in openai:gpt-4o."
      custom={(name) => `Use “${name}”`}
      choices={(models ?? []).map((model) => ({
        value: model.name,
        label: model.title || model.name,
        group: model.provider,
        ...(model.is_available ? {} : { unavailable: model.reason }),
      }))}
    />
  )
}
