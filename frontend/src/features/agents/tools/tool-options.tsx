import { Field } from '@/components/ui/field'
import { Input, Textarea } from '@/components/ui/input'
import { Select } from '@/components/ui/select'

import type { ToolEntry } from './tool-entries'

type Entry<Type extends ToolEntry['type']> = Extract<ToolEntry, { type: Type }>

type OptionsProps<Type extends ToolEntry['type']> = {
  entry: Entry<Type>
  onChange: (entry: ToolEntry) => void
}

type ToolOptionsProps = {
  entry: ToolEntry
  error: string | undefined
  onChange: (entry: ToolEntry) => void
}

/** The other settings of a tool of this kind. */
export function ToolOptions({ entry, error, onChange }: ToolOptionsProps) {
  return (
    <div className="mt-3 grid gap-4 border-t pt-3 sm:grid-cols-2 sm:pl-7">
      <OptionFields entry={entry} onChange={onChange} />
      {error && (
        <p role="alert" className="text-xs text-destructive sm:col-span-2">
          {error}
        </p>
      )}
    </div>
  )
}

function OptionFields({ entry, onChange }: Omit<ToolOptionsProps, 'error'>) {
  switch (entry.type) {
    case 'builtin':
      return <BuiltinOptions entry={entry} onChange={onChange} />
    case 'mcp':
      return <McpOptions entry={entry} onChange={onChange} />
    case 'agent':
      return <AgentOptions entry={entry} onChange={onChange} />
    case 'http':
      return null
  }
}

function BuiltinOptions({ entry, onChange }: OptionsProps<'builtin'>) {
  return (
    <Field
      label="Timeout"
      hint="In seconds. Leave empty for the tool’s default."
    >
      {(control) => (
        <Input
          {...control}
          type="number"
          inputMode="numeric"
          min={1}
          value={entry.timeout ?? ''}
          onChange={({ target }) => {
            const timeout =
              target.value === '' ? undefined : target.valueAsNumber
            onChange({ ...entry, timeout })
          }}
        />
      )}
    </Field>
  )
}

function McpOptions({ entry, onChange }: OptionsProps<'mcp'>) {
  return (
    <>
      <Field
        label="Prefix"
        hint="Added before the tool names that the model sees."
      >
        {(control) => (
          <Input
            {...control}
            autoComplete="off"
            placeholder="gh_"
            value={entry.prefix ?? ''}
            onChange={({ target }) => {
              onChange({ ...entry, prefix: target.value || undefined })
            }}
          />
        )}
      </Field>
      <Field
        label="Effect"
        hint="Calls with side effects are never repeated without your decision."
      >
        {(control) => (
          <Select
            {...control}
            value={entry.effect ?? ''}
            onChange={({ target }) => {
              const effect = target.value as Entry<'mcp'>['effect'] | ''
              onChange({
                ...entry,
                effect: effect === '' ? undefined : effect,
                ask_before: undefined,
              })
            }}
          >
            <option value="">As declared by the server</option>
            <option value="read">Read-only</option>
            <option value="idempotent">Safe to repeat</option>
            <option value="write">Has side effects</option>
          </Select>
        )}
      </Field>
    </>
  )
}

function AgentOptions({ entry, onChange }: OptionsProps<'agent'>) {
  return (
    <>
      <Field
        label="Tool name"
        hint="As the model sees it. Leave empty for the agent’s name."
      >
        {(control) => (
          <Input
            {...control}
            autoComplete="off"
            placeholder="ask_writer"
            value={entry.name ?? ''}
            onChange={({ target }) => {
              onChange({ ...entry, name: target.value || undefined })
            }}
          />
        )}
      </Field>
      <Field
        label="When to call it"
        hint="Tells the model when to call it. Leave empty for the agent’s description."
      >
        {(control) => (
          <Textarea
            {...control}
            rows={2}
            value={entry.description ?? ''}
            onChange={({ target }) => {
              onChange({ ...entry, description: target.value || undefined })
            }}
          />
        )}
      </Field>
    </>
  )
}
