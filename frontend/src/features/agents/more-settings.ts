import type { Agent, AgentVersion } from './queries'

type Settings = Pick<
  Agent | AgentVersion,
  | 'top_p'
  | 'reasoning_effort'
  | 'seed'
  | 'stop'
  | 'parallel_tool_calls'
  | 'extra_body'
>

const PROVIDER_DEFAULT = 'Provider default'

/** The parameters of model calls that few agents set, as texts. */
export const MORE_SETTINGS: {
  label: string
  show: (settings: Settings) => string
}[] = [
  {
    label: 'Top P',
    show: ({ top_p }) => top_p?.toString() ?? PROVIDER_DEFAULT,
  },
  {
    label: 'Reasoning effort',
    show: ({ reasoning_effort }) => reasoning_effort || PROVIDER_DEFAULT,
  },
  { label: 'Seed', show: ({ seed }) => seed?.toString() ?? PROVIDER_DEFAULT },
  {
    label: 'Stop texts',
    show: ({ stop }) =>
      stop.map((text) => JSON.stringify(text)).join(', ') || PROVIDER_DEFAULT,
  },
  {
    label: 'Parallel tool calls',
    show: ({ parallel_tool_calls: isAllowed }) => {
      if (isAllowed === null) return PROVIDER_DEFAULT
      return isAllowed ? 'Allowed' : 'One at a time'
    },
  },
  {
    label: 'Extra parameters',
    show: ({ extra_body }) =>
      Object.keys(extra_body).length > 0
        ? JSON.stringify(extra_body)
        : PROVIDER_DEFAULT,
  },
]

/** Those that an agent sets. */
export const settingChanges = (settings: Settings) =>
  MORE_SETTINGS.map(({ label, show }) => ({
    label,
    value: show(settings),
  })).filter(({ value }) => value !== PROVIDER_DEFAULT)
