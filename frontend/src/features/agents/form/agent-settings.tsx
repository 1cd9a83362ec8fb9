import { Controller } from 'react-hook-form'

import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Slider } from '@/components/ui/slider'
import { Switch } from '@/components/ui/switch'

import { DEFAULT_TEMPERATURE } from './agent-schema'
import type { AgentFormControls } from './agent-schema'

const asNumber = (text: unknown) =>
  text === '' || text === null ? null : Number(text)

type AgentSettingsProps = { form: AgentFormControls }

/** The parameters of model calls. */
export function AgentSettings({ form }: AgentSettingsProps) {
  const { errors } = form.formState
  return (
    <div className="grid gap-5 sm:grid-cols-2">
      <Temperature form={form} />
      <Field
        label="Output limit"
        hint="Maximum tokens per response. Leave empty for the provider’s limit."
        error={errors.max_output_tokens?.message}
      >
        {(control) => (
          <Input
            {...control}
            {...form.register('max_output_tokens', { setValueAs: asNumber })}
            type="number"
            inputMode="numeric"
            min={1}
            placeholder="Provider’s limit"
          />
        )}
      </Field>
    </div>
  )
}

function Temperature({ form }: AgentSettingsProps) {
  return (
    <Controller
      control={form.control}
      name="temperature"
      render={({ field: { value, onChange }, fieldState }) => (
        <Field
          label="Temperature"
          hint="The default is 0.7. Switch it off to use the provider’s default. Not sent to models that do not accept a temperature."
          error={fieldState.error?.message}
        >
          {(control) => (
            <div className="flex h-9 items-center gap-4">
              <Switch
                {...control}
                checked={value !== null}
                onCheckedChange={(isSet) => {
                  onChange(isSet ? DEFAULT_TEMPERATURE : null)
                }}
              />
              {value === null ? (
                <span className="text-sm text-muted-foreground">
                  Provider default
                </span>
              ) : (
                <TemperatureSlider value={value} onChange={onChange} />
              )}
            </div>
          )}
        </Field>
      )}
    />
  )
}

type TemperatureSliderProps = {
  value: number
  onChange: (value: number) => void
}

function TemperatureSlider({ value, onChange }: TemperatureSliderProps) {
  return (
    <>
      <Slider
        aria-label="Temperature, from deterministic to creative"
        min={0}
        max={2}
        step={0.1}
        value={[value]}
        onValueChange={([next = value]) => {
          onChange(next)
        }}
      />
      <output className="w-8 text-right text-sm tabular">
        {value.toFixed(1)}
      </output>
    </>
  )
}
