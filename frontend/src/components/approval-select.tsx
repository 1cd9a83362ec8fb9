import type { ComponentProps } from 'react'

import { Select } from '@/components/ui/select'

const VALUES = { default: null, always: true, never: false } as const

type Choice = keyof typeof VALUES

type ApprovalSelectProps = Omit<
  ComponentProps<typeof Select>,
  'value' | 'onChange'
> & {
  /** null: the default decides. */
  value: boolean | null
  /** What the default is for this tool. */
  isAskedByDefault: boolean
  onChange: (value: boolean | null) => void
}

/** Whether a person is asked before each call of a tool. */
export function ApprovalSelect({
  value,
  isAskedByDefault,
  onChange,
  ...props
}: ApprovalSelectProps) {
  const choice = value === null ? 'default' : value ? 'always' : 'never'
  return (
    <Select
      {...props}
      value={choice}
      onChange={({ target }) => {
        onChange(VALUES[target.value as Choice])
      }}
    >
      <option value="default">
        {isAskedByDefault ? 'Default (asks)' : 'Default (does not ask)'}
      </option>
      <option value="always">Always ask</option>
      <option value="never">Never ask</option>
    </Select>
  )
}
