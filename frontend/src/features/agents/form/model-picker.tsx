import { useQuery } from '@tanstack/react-query'
import { useEffect, useEffectEvent } from 'react'

import { Combobox } from '@/components/combobox'
import type { Choice } from '@/components/combobox'
import type { ControlProps } from '@/components/ui/field'
import type { Schemas } from '@/lib/api/client'

import { modelsQuery, providersQuery } from '../queries'

type ModelPickerProps = {
  control?: ControlProps
  /** Its name, where no label stands beside it. */
  label?: string
  value: string
  onChange: (model: string) => void
}

/** The models that can be called now, why the others cannot, or any other by its name. */
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
      searchLabel="Search, or type a model's name"
      empty="No model is known yet. Type its name, as in openai:gpt-4o."
      custom={(name) => `Use “${name}”`}
      choices={choicesOf(models, providers)}
    />
  )
}

/** A new agent begins with the server's default, once that is known. */
export function useUsualModel(
  value: string,
  onChange: (model: string) => void,
) {
  const { data: models = [] } = useQuery(modelsQuery())
  const usual = models.find((model) => model.is_default)?.id ?? ''

  const choose = useEffectEvent(() => {
    if (usual && !value) onChange(usual)
  })
  useEffect(() => {
    choose()
  }, [usual])
}

/** Those that can be called first. What a whole provider lacks is said once, for it. */
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
