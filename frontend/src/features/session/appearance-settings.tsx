import { MonitorIcon, MoonIcon, SunIcon } from 'lucide-react'
import { RadioGroup } from 'radix-ui'

import { SettingsCard } from '@/components/section'
import { THEMES, useTheme } from '@/lib/theme'
import type { Theme } from '@/lib/theme'

const LOOKS = {
  light: { label: 'Light', icon: SunIcon },
  dark: { label: 'Dark', icon: MoonIcon },
  system: { label: 'System', icon: MonitorIcon },
}

export function AppearanceSettings() {
  const { theme, setTheme } = useTheme()
  return (
    <SettingsCard
      title="Appearance"
      description="Saved in this browser. Animations follow the system setting."
    >
      <RadioGroup.Root
        aria-label="Appearance"
        value={theme}
        onValueChange={(next) => {
          setTheme(next as Theme)
        }}
        className="grid gap-3 px-4 py-5 sm:grid-cols-3 sm:px-6"
      >
        {THEMES.map((each) => {
          const { label, icon: Icon } = LOOKS[each]
          return (
            <RadioGroup.Item
              key={each}
              value={each}
              className="flex items-center gap-3 rounded-xl border p-4 text-left text-sm font-medium transition-colors hover:bg-accent data-[state=checked]:border-brand data-[state=checked]:bg-brand/8 data-[state=checked]:[&_svg]:text-brand"
            >
              <Icon aria-hidden className="size-5 text-muted-foreground" />
              {label}
            </RadioGroup.Item>
          )
        })}
      </RadioGroup.Root>
    </SettingsCard>
  )
}
