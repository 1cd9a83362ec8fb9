import { useQuery } from '@tanstack/react-query'
import { useEffect, useEffectEvent } from 'react'

import { Combobox } from '@/components/combobox'
import type { Choice } from '@/components/combobox'
import type { ControlProps } from '@/components/ui/field'
import type { Schemas } from '@/lib/api/client'

import { modelsQuery, providersQuery } from '../queries'

type ModelPickerProps = {
  control?: ControlProps
  /** Its accessible name, where it has no visible label. */
  label?: string
  value: string
  onChange: (model: string) => void
}

/** Picks a listed model, or any other by its name. Unavailable ones show why. */
export function ModelPicker({
  control,
  label,
  value,
  onChange,
}: ModelPickerProps) {
  const { data: models = [], isPending } = useQuery(modelsQuery())
  const { data: providers = [] } = useQuery(providersQuery())

  return (
    <Combobox
      {...(control ? { control } : {})}
      {...(label ? { label } : {})}
      value={value}
      onChange={onChange}
      placeholder={isPending ? 'Loading models…' : 'Choose a model'}
      searchLabel="Search, or enter a model name"
      empty="No models are listed yet. Enter a name such as openai:gpt-4o."
      custom={(name) => `Use “${name}”`}
      choices={choicesOf(models, providers)}
    />
  )
}

/** Sets the server's default model on a new agent, once it has loaded. */
export function useDefaultModel(
  value: string,
  onChange: (model: string) => void,
) {
  const { data: models = [] } = useQuery(modelsQuery())
  const defaultModel = models.find((model) => model.is_default)?.id ?? ''

  const choose = useEffectEvent(() => {
    if (defaultModel && !value) onChange(defaultModel)
  })
  useEffect(() => {
    choose()
  }, [defaultModel])
}

/** Available models first. What a provider lacks is shown once, in its heading. */
function choicesOf(
  models: Schemas['Model'][],
  providers: Schemas['Provider'][],
): Choice[] {
  const known = new Map(providers.map((each) => [each.name, each]))
  const inOrder = models.toSorted(
    (a, b) => Number(b.is_available) - Number(a.is_available),
  )
  return inOrder.map(({ id, name, provider, is_available, reason }) => {
    const { title = provider, reason: lack = '' } = known.get(provider) ?? {}
    return {
      value: id,
      label: name,
      group: title,
      note: lack,
      isDisabled: !is_available,
      hint: reason === lack ? '' : reason,
    }
  })
}
