import { useState } from 'react'

import { Field } from '@/components/ui/field'
import { Input, Textarea } from '@/components/ui/input'
import { Select } from '@/components/ui/select'

import { reachesHosts } from './tool-entries'
import type { ToolChoice, ToolEntry } from './tool-entries'

type Entry<Type extends ToolEntry['type']> = Extract<ToolEntry, { type: Type }>

type OptionsProps<Type extends ToolEntry['type']> = {
  entry: Entry<Type>
  onChange: (entry: ToolEntry) => void
}

type ToolOptionsProps = {
  entry: ToolEntry
  claimedEffect: ToolChoice['claimedEffect']
  error: string | undefined
  onChange: (entry: ToolEntry) => void
}

/** The other settings of a tool of this kind. */
export function ToolOptions({ error, ...props }: ToolOptionsProps) {
  return (
    <div className="mt-3 grid gap-4 border-t pt-3 sm:grid-cols-2 sm:pl-7">
      <OptionFields {...props} />
      {error && (
        <p role="alert" className="text-xs text-destructive sm:col-span-2">
          {error}
        </p>
      )}
    </div>
  )
}

function OptionFields({
  entry,
  claimedEffect,
  onChange,
}: Omit<ToolOptionsProps, 'error'>) {
  switch (entry.type) {
    case 'builtin':
      return <BuiltinOptions entry={entry} onChange={onChange} />
    case 'mcp':
      return (
        <McpOptions
          entry={entry}
          claimedEffect={claimedEffect}
          onChange={onChange}
        />
      )
    case 'agent':
      return <AgentOptions entry={entry} onChange={onChange} />
    case 'http':
      return null
  }
}

function BuiltinOptions(props: OptionsProps<'builtin'>) {
  return (
    <>
      {reachesHosts(props.entry) && <AllowedHosts {...props} />}
      <TimeoutOption {...props} />
    </>
  )
}

/** One host a line. An empty list is not set. */
function AllowedHosts({ entry, onChange }: OptionsProps<'builtin'>) {
  const [text, setText] = useState(entry.allowed_hosts?.join('\n') ?? '')
  return (
    <Field
      label="Allowed hosts"
      hint="One per line, such as docs.example.com or *.example.org. Recommended: without a list, a page that the agent reads can make it send data to any public host."
      className="sm:col-span-2"
    >
      {(control) => (
        <Textarea
          {...control}
          rows={3}
          spellCheck={false}
          placeholder={'docs.example.com\n*.example.org'}
          className="font-mono"
          value={text}
          onChange={({ target }) => {
            setText(target.value)
            const hosts = target.value.split(/[\s,]+/).filter(Boolean)
            const allowed_hosts = hosts.length > 0 ? hosts : undefined
            onChange({ ...entry, allowed_hosts })
          }}
        />
      )}
    </Field>
  )
}

function TimeoutOption({ entry, onChange }: OptionsProps<'builtin'>) {
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

const CLAIMS = { read: 'read-only', idempotent: 'safe to repeat' }

const effectHint = (claimed: ToolChoice['claimedEffect']) =>
  claimed && claimed !== 'write'
    ? `The server calls it ${CLAIMS[claimed]}. Choose that only if you trust the server: such calls are repeated without your decision.`
    : 'Calls with side effects are never repeated without your decision.'

type McpOptionsProps = OptionsProps<'mcp'> & {
  claimedEffect: ToolChoice['claimedEffect']
}

function McpOptions({ entry, claimedEffect, onChange }: McpOptionsProps) {
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
      <Field label="Effect" hint={effectHint(claimedEffect)}>
        {(control) => (
          <Select
            {...control}
            value={entry.effect ?? 'write'}
            onChange={({ target }) => {
              const effect = target.value as Entry<'mcp'>['effect']
              onChange({
                ...entry,
                effect: effect === 'write' ? undefined : effect,
                ask_before: undefined,
              })
            }}
          >
            <option value="write">Has side effects</option>
            <option value="read">Read-only</option>
            <option value="idempotent">Safe to repeat</option>
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
