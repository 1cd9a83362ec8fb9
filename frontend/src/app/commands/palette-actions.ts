import { useRouter } from '@tanstack/react-router'
import {
  BookOpenIcon,
  KeyboardIcon,
  LogOutIcon,
  MonitorIcon,
  MoonIcon,
  PlusIcon,
  SunIcon,
} from 'lucide-react'
import type { LucideIcon } from 'lucide-react'

import { useTheme } from '@/lib/theme'

import { DESTINATIONS } from '../layout/navigation'
import { useSignOut } from '../layout/use-sign-out'
import type { Overlay } from './shortcuts'

export type PaletteAction = {
  label: string
  icon: LucideIcon
  /** Other words that find it. */
  keywords?: string
  run: () => void
}

/** The actions that are available on every screen. */
export function usePaletteActions(
  onOpen: (overlay: Overlay) => void,
): PaletteAction[] {
  const router = useRouter()
  const { setTheme } = useTheme()
  const signOut = useSignOut()

  return [
    {
      label: 'New agent',
      icon: PlusIcon,
      keywords: 'create add',
      run: () =>
        void router.navigate({ to: '/agents', search: { dialog: 'new' } }),
    },
    ...DESTINATIONS.map(({ label, icon, link }) => ({
      label: `Go to ${label}`,
      icon,
      keywords: 'open show',
      run: () => void router.navigate(link),
    })),
    {
      label: 'Light theme',
      icon: SunIcon,
      keywords: 'appearance',
      run: () => {
        setTheme('light')
      },
    },
    {
      label: 'Dark theme',
      icon: MoonIcon,
      keywords: 'appearance',
      run: () => {
        setTheme('dark')
      },
    },
    {
      label: 'System theme',
      icon: MonitorIcon,
      keywords: 'appearance',
      run: () => {
        setTheme('system')
      },
    },
    {
      label: 'Keyboard shortcuts',
      icon: KeyboardIcon,
      keywords: 'help keys',
      run: () => {
        onOpen('shortcuts')
      },
    },
    {
      label: 'API reference',
      icon: BookOpenIcon,
      keywords: 'docs documentation help',
      run: () => {
        globalThis.location.assign('/api/docs/')
      },
    },
    {
      label: 'Sign out',
      icon: LogOutIcon,
      keywords: 'leave log out',
      run: () => void signOut(),
    },
  ]
}
