import { PlusIcon, WrenchIcon } from 'lucide-react'
import { useId, useState } from 'react'

import { Button } from '@/components/ui/button'
import {
  Command,
  CommandEmpty,
  CommandGroup,
  CommandInput,
  CommandItem,
  CommandList,
} from '@/components/ui/command'
import {
  Popover,
  PopoverContent,
  PopoverTrigger,
} from '@/components/ui/popover'

import { toolKey } from './tool-entries'
import type { ToolChoice, ToolEntry } from './tool-entries'
import { ToolItem } from './tool-item'
import { useToolChoices } from './use-tool-choices'

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
  const { choices, choiceOf, isPending } = useToolChoices(agent)
  const labelId = useId()
  const taken = new Set(value.map(toolKey))

  return (
    <div role="group" aria-labelledby={labelId} className="space-y-2">
      <div className="flex items-center justify-between gap-3">
        <h3 id={labelId} className="text-sm font-medium">
          Tools
        </h3>
        <AddTool
          choices={choices.filter(({ key }) => !taken.has(key))}
          isPending={isPending}
          onAdd={(entry) => {
            onChange([...value, entry])
          }}
        />
      </div>
      {value.length > 0 ? (
        <ul aria-label="Tools" className="divide-y rounded-xl border bg-card">
          {value.map((entry, index) => (
            <ToolItem
              key={toolKey(entry)}
              entry={entry}
              choice={choiceOf(entry)}
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

type AddToolProps = {
  choices: ToolChoice[]
  isPending: boolean
  onAdd: (entry: ToolEntry) => void
}

function AddTool({ choices, isPending, onAdd }: AddToolProps) {
  const [isOpen, setOpen] = useState(false)
  const groups = [...new Set(choices.map(({ group }) => group))]
  return (
    <Popover open={isOpen} onOpenChange={setOpen} modal>
      <PopoverTrigger asChild>
        <Button variant="outline" size="small">
          <PlusIcon />
          Add a tool
        </Button>
      </PopoverTrigger>
      <PopoverContent
        align="end"
        className="w-[min(24rem,calc(100vw-2rem))] overflow-hidden"
      >
        <Command label="Search tools">
          <CommandInput placeholder="Search tools" />
          <CommandList>
            <CommandEmpty>
              {isPending ? 'Loading tools…' : 'No matching tools.'}
            </CommandEmpty>
            {groups.map((group) => (
              <CommandGroup key={group} heading={group}>
                {choices
                  .filter((each) => each.group === group)
                  .map((choice) => (
                    <CommandItem
                      key={choice.key}
                      value={choice.key}
                      keywords={[choice.title, choice.group]}
                      onSelect={() => {
                        onAdd(choice.entry)
                        setOpen(false)
                      }}
                    >
                      <span className="min-w-0 flex-1">
                        <span className="block truncate">{choice.title}</span>
                        <span className="line-clamp-2 text-xs text-muted-foreground">
                          {choice.description}
                        </span>
                      </span>
                    </CommandItem>
                  ))}
              </CommandGroup>
            ))}
          </CommandList>
        </Command>
      </PopoverContent>
    </Popover>
  )
}
