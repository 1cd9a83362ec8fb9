import { useQuery } from '@tanstack/react-query'
import {
  BookOpenIcon,
  ChevronsUpDownIcon,
  LogOutIcon,
  MonitorIcon,
  MoonIcon,
  ShieldIcon,
  SunIcon,
} from 'lucide-react'

import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '@/components/ui/dropdown-menu'
import { meQuery } from '@/features/session/queries'
import { THEMES, useTheme } from '@/lib/theme'
import type { Theme } from '@/lib/theme'

import { useSignOut } from './use-sign-out'

/** The user's account, the theme, and signing out. */
export function AccountMenu({ isWide = false }: { isWide?: boolean }) {
  const { data: user } = useQuery(meQuery())
  if (!user) return null
  return (
    <DropdownMenu>
      <DropdownMenuTrigger
        aria-label={`Account of ${user.username}`}
        className="flex items-center gap-2.5 rounded-lg text-left text-sm data-[state=open]:bg-accent md:w-full md:px-2 md:py-1.5 md:hover:bg-accent touch:hit-area"
      >
        <span
          aria-hidden
          data-initial={user.username.slice(0, 1)}
          className="grid size-8 shrink-0 place-items-center rounded-full bg-brand/15 text-[0.8125rem] font-semibold text-brand uppercase before:content-[attr(data-initial)] md:size-7 md:text-xs"
        />
        {isWide && (
          <>
            <span className="min-w-0 flex-1 truncate font-medium">
              {user.username}
            </span>
            <ChevronsUpDownIcon
              aria-hidden
              className="size-4 text-muted-foreground"
            />
          </>
        )}
      </DropdownMenuTrigger>
      <DropdownMenuContent align={isWide ? 'start' : 'end'} className="w-52">
        <DropdownMenuLabel className="truncate">
          {user.email || user.username}
        </DropdownMenuLabel>
        <DropdownMenuSeparator />
        <ThemeItems />
        <DropdownMenuSeparator />
        <DropdownMenuItem asChild>
          <a href="/api/docs/">
            <BookOpenIcon />
            API reference
          </a>
        </DropdownMenuItem>
        {user.is_staff && (
          <DropdownMenuItem asChild>
            <a href="/admin/">
              <ShieldIcon />
              Administration
            </a>
          </DropdownMenuItem>
        )}
        <SignOutItem />
      </DropdownMenuContent>
    </DropdownMenu>
  )
}

const THEME_LOOKS = {
  light: { label: 'Light', icon: SunIcon },
  dark: { label: 'Dark', icon: MoonIcon },
  system: { label: 'System theme', icon: MonitorIcon },
}

function ThemeItems() {
  const { theme, setTheme } = useTheme()
  return (
    <DropdownMenuRadioGroup
      aria-label="Appearance"
      value={theme}
      onValueChange={(next) => {
        setTheme(next as Theme)
      }}
    >
      {THEMES.map((each) => {
        const { label, icon: Icon } = THEME_LOOKS[each]
        return (
          <DropdownMenuRadioItem key={each} value={each}>
            <Icon />
            {label}
          </DropdownMenuRadioItem>
        )
      })}
    </DropdownMenuRadioGroup>
  )
}

function SignOutItem() {
  const signOut = useSignOut()
  return (
    <DropdownMenuItem onSelect={() => void signOut()}>
      <LogOutIcon />
      Sign out
    </DropdownMenuItem>
  )
}
