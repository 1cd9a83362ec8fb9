import type { FinishReason } from '../queries'
import { ChoiceMenu } from './choice-menu'

const LABELS: Record<FinishReason | 'any', string> = {
  any: 'Any answer',
  stop: 'Complete',
  length: 'Cut off',
  content_filter: 'Filtered',
  refusal: 'Refused',
  other: 'Other',
}

type FinishFilterProps = {
  selected: FinishReason | undefined
  onChange: (selected: FinishReason | undefined) => void
}

/** Filters by how the model ended its answer. */
export function FinishFilter({ selected, onChange }: FinishFilterProps) {
  return (
    <ChoiceMenu
      label="Answer"
      labels={LABELS}
      selected={selected ?? 'any'}
      onChange={(next) => {
        onChange(next === 'any' ? undefined : next)
      }}
    />
  )
}
