import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import {
  ActivityIcon,
  BoxesIcon,
  DownloadIcon,
  GaugeIcon,
  KeyRoundIcon,
  PaletteIcon,
  UserRoundIcon,
} from 'lucide-react'
import type { ComponentType } from 'react'

import { Screen } from '@/components/screen'
import { LimitSettings } from '@/features/limits/limit-settings'
import { ModelSettings } from '@/features/models/model-settings'
import { OperationsSettings } from '@/features/operations/operations-settings'
import { AppearanceSettings } from '@/features/session/appearance-settings'
import { DataSettings } from '@/features/session/data-settings'
import { ProfileSettings } from '@/features/session/profile-settings'
import { meQuery } from '@/features/session/queries'
import { TokenSettings } from '@/features/tokens/token-settings'

import { SETTINGS } from '../routes/settings-parts'

type Part = (typeof SETTINGS)[number]

const route = getRouteApi('/app/settings')

const PARTS: Record<
  Part,
  { label: string; icon: typeof KeyRoundIcon; content: ComponentType }
> = {
  profile: { label: 'Profile', icon: UserRoundIcon, content: ProfileSettings },
  tokens: { label: 'API tokens', icon: KeyRoundIcon, content: TokenSettings },
  models: { label: 'Models', icon: BoxesIcon, content: ModelSettings },
  limits: { label: 'Limits', icon: GaugeIcon, content: LimitSettings },
  appearance: {
    label: 'Appearance',
    icon: PaletteIcon,
    content: AppearanceSettings,
  },
  data: { label: 'Your data', icon: DownloadIcon, content: DataSettings },
  operations: {
    label: 'Workers and queue',
    icon: ActivityIcon,
    content: OperationsSettings,
  },
}

export function SettingsScreen() {
  const { data: user } = useQuery(meQuery())
  const parts = SETTINGS.filter(
    (part) => part !== 'operations' || user?.is_staff,
  )
  const { part = 'profile' } = route.useSearch()
  const shown = parts.includes(part) ? part : 'profile'
  const { label, content: Content } = PARTS[shown]
  return (
    <Screen title={`Settings: ${label}`} heading="Settings">
      <div className="gap-10 lg:grid lg:grid-cols-[11rem_minmax(0,1fr)]">
        <PartNavigation parts={parts} shown={shown} />
        <div className="max-w-3xl min-w-0">
          <Content />
        </div>
      </div>
    </Screen>
  )
}

/** On a phone the row may be wider than the screen. */
function showInRow(link: HTMLElement | null) {
  link?.scrollIntoView({ block: 'nearest', inline: 'center' })
}

/** A column on a wide screen, and a scrollable row on a narrow one. */
function PartNavigation({ parts, shown }: { parts: Part[]; shown: Part }) {
  return (
    <nav
      aria-label="Settings"
      className="-mx-4 mb-6 overflow-x-auto px-4 sm:-mx-6 sm:px-6 lg:m-0 lg:overflow-visible lg:p-0"
    >
      <ul className="flex gap-1 lg:sticky lg:top-8 lg:flex-col">
        {parts.map((part) => {
          const { label, icon: Icon } = PARTS[part]
          return (
            <li key={part} className="shrink-0">
              <Link
                ref={part === shown ? showInRow : undefined}
                to="/settings"
                search={{ part: part === 'profile' ? undefined : part }}
                activeOptions={{ exact: true }}
                className="flex h-9 items-center gap-2 rounded-lg px-2.5 text-sm font-medium text-muted-foreground transition-colors hover:bg-accent hover:text-foreground aria-[current=page]:bg-accent aria-[current=page]:text-foreground touch:h-10"
              >
                <Icon aria-hidden className="size-4" />
                {label}
              </Link>
            </li>
          )
        })}
      </ul>
    </nav>
  )
}
