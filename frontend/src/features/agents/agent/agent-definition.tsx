import type { ReactNode } from 'react'

import { RelativeTime } from '@/components/times'
import { formatNumber } from '@/lib/format'

import { settingChanges } from '../more-settings'
import type { Agent } from '../queries'
import { asksByDefault, toolEntries } from '../tools/tool-entries'
import { ToolIcon } from '../tools/tool-icon'
import { useChosenTools } from '../tools/use-chosen-tools'

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="flex items-baseline justify-between gap-4">
      <dt className="shrink-0 text-xs text-muted-foreground">{label}</dt>
      <dd className="min-w-0 truncate text-sm tabular">{children}</dd>
    </div>
  )
}

const providerDefault = (
  <span className="text-muted-foreground">Provider default</span>
)

/** The definition of the agent, as its current version has it. */
export function AgentDefinition({ agent }: { agent: Agent }) {
  return (
    <section
      aria-label="Definition"
      className="space-y-4 rounded-2xl border bg-card p-4 sm:p-5"
    >
      <dl className="space-y-2.5">
        <div>
          <dt className="text-xs text-muted-foreground">Model</dt>
          <dd className="mt-0.5 font-mono text-[0.8125rem] wrap-anywhere">
            {agent.model}
          </dd>
        </div>
        {agent.fallback_models.length > 0 && (
          <div>
            <dt className="text-xs text-muted-foreground">Fallback models</dt>
            {agent.fallback_models.map((model) => (
              <dd
                key={model}
                className="mt-0.5 font-mono text-[0.8125rem] wrap-anywhere"
              >
                {model}
              </dd>
            ))}
          </div>
        )}
        <Fact label="Temperature">{agent.temperature ?? providerDefault}</Fact>
        <Fact label="Output limit">
          {agent.max_output_tokens
            ? `${formatNumber(agent.max_output_tokens)} tokens`
            : providerDefault}
        </Fact>
        {settingChanges(agent).map(({ label, value }) => (
          <Fact key={label} label={label}>
            {value}
          </Fact>
        ))}
        <Fact label="Step limit">{formatNumber(agent.max_steps)}</Fact>
        <Fact label="Step timeout">{formatNumber(agent.step_timeout)} s</Fact>
        <Fact label="Timeout">{formatNumber(agent.timeout)} s</Fact>
        <Fact label="Version">{agent.version}</Fact>
        <Fact label="Updated">
          <RelativeTime time={agent.updated_at} />
        </Fact>
      </dl>
      {agent.tools.length > 0 && <Tools agent={agent} />}
      <div className="border-t pt-4">
        <h2 className="text-xs text-muted-foreground">Instructions</h2>
        {agent.instructions ? (
          <p className="mt-1.5 max-h-96 overflow-y-auto text-sm leading-relaxed wrap-anywhere whitespace-pre-wrap">
            {agent.instructions}
          </p>
        ) : (
          <p className="mt-1.5 text-sm text-muted-foreground">None.</p>
        )}
      </div>
    </section>
  )
}

function Tools({ agent }: { agent: Agent }) {
  const entries = toolEntries.parse(agent.tools)
  const choiceOf = useChosenTools(entries)
  return (
    <div className="border-t pt-4">
      <h2 className="text-xs text-muted-foreground">Tools</h2>
      <ul className="mt-1.5 space-y-1.5 text-sm">
        {entries.map((entry) => {
          const choice = choiceOf(entry)
          const { key, title } = choice
          return (
            <li key={key} className="flex items-center gap-2">
              <ToolIcon entry={entry} />
              <span className="min-w-0 flex-1 truncate" title={title}>
                {title}
              </span>
              {(entry.needs_approval ?? asksByDefault(entry, choice)) && (
                <span className="shrink-0 text-xs text-waiting">
                  needs approval
                </span>
              )}
            </li>
          )
        })}
      </ul>
    </div>
  )
}
