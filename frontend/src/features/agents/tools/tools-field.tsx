import { WrenchIcon } from 'lucide-react'
import { useId, useState } from 'react'

import { AddTool } from './add-tool'
import { toolKey } from './tool-entries'
import type { ToolChoice, ToolEntry } from './tool-entries'
import { ToolItem } from './tool-item'
import { useChosenTools } from './use-chosen-tools'

type ToolsFieldProps = {
  /** The agent that is edited, which cannot be a tool of itself. */
  agent: number | undefined
  value: ToolEntry[]
  onChange: (entries: ToolEntry[]) => void
  /** The error of the list as a whole, and that of each entry. */
  error: string | undefined
  errors: (string | undefined)[]
}

/** The tools that the agent may call, with their settings. */
export function ToolsField({
  agent,
  value,
  onChange,
  error,
  errors,
}: ToolsFieldProps) {
  const choiceOf = useChosenTools(value)
  // Until its entry has been looked up, an added tool looks as it did in the list.
  const [added, setAdded] = useState<ToolChoice[]>([])
  const labelId = useId()
  const shownChoice = (entry: ToolEntry) => {
    const choice = choiceOf(entry)
    return choice.group ? choice : (added.find(isOf(entry)) ?? choice)
  }

  return (
    <div role="group" aria-labelledby={labelId} className="space-y-2">
      <div className="flex items-center justify-between gap-3">
        <h3 id={labelId} className="text-sm font-medium">
          Tools
        </h3>
        <AddTool
          agent={agent}
          taken={value.map(toolKey)}
          onAdd={(choice) => {
            setAdded([...added, choice])
            onChange([...value, choice.entry])
          }}
        />
      </div>
      {value.length > 0 ? (
        <ul aria-label="Tools" className="divide-y rounded-xl border bg-card">
          {value.map((entry, index) => (
            <ToolItem
              key={toolKey(entry)}
              entry={entry}
              choice={shownChoice(entry)}
              error={errors[index]}
              onChange={(next) => {
                onChange(value.with(index, next))
              }}
              onRemove={() => {
                onChange(value.toSpliced(index, 1))
              }}
            />
          ))}
        </ul>
      ) : (
        <p className="flex items-center gap-2.5 rounded-xl border border-dashed px-3.5 py-3 text-xs text-muted-foreground">
          <WrenchIcon aria-hidden className="size-4 shrink-0" />
          No tools. The agent answers from what the model knows.
        </p>
      )}
      {error && (
        <p role="alert" className="text-xs text-destructive">
          {error}
        </p>
      )}
    </div>
  )
}

const isOf =
  (entry: ToolEntry) =>
  ({ key }: ToolChoice) =>
    key === toolKey(entry)
