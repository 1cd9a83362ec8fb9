import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'

import { formatCompact, formatNumber } from '@/lib/format'

import type { Stats } from './queries'
import { formatSeconds, formatSum } from './stats-plots'

type Figures = Stats['agents'][number]

const countOf = ({ completed, failed, cancelled }: Figures) =>
  completed + failed + cancelled

/** The agents with the most finished tasks. */
export function AgentFigures({ agents }: { agents: Figures[] }) {
  const most = Math.max(...agents.map(countOf))
  return (
    <div className="mt-4 overflow-x-auto rounded-2xl border bg-card">
      <table className="w-full text-sm">
        <caption className="px-4 pt-4 text-left text-xs font-medium text-muted-foreground sm:px-5">
          By agent
        </caption>
        <thead className="text-xs text-muted-foreground">
          <tr className="border-b">
            <Heading isFirst>Agent</Heading>
            <Heading>Tasks</Heading>
            <Heading>Failed</Heading>
            <Heading isWide>p50</Heading>
            <Heading isWide>p95</Heading>
            <Heading isWide>Tokens</Heading>
            <Heading isWide>Cost</Heading>
          </tr>
        </thead>
        <tbody className="divide-y">
          {agents.map((each) => (
            <AgentRow key={each.agent} figures={each} most={most} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

type HeadingProps = { children: ReactNode; isFirst?: boolean; isWide?: boolean }

function Heading({ children, isFirst, isWide }: HeadingProps) {
  return (
    <th
      scope="col"
      className={`px-4 py-2 font-medium sm:px-5 ${isFirst ? 'text-left' : 'text-right'} ${isWide ? 'hidden sm:table-cell' : ''}`}
    >
      {children}
    </th>
  )
}

function AgentRow({ figures, most }: { figures: Figures; most: number }) {
  const count = countOf(figures)
  const latency = figures.latency_seconds
  return (
    <tr className="tabular">
      <th
        scope="row"
        className="w-full max-w-0 px-4 py-2.5 text-left font-medium sm:px-5"
      >
        <Link
          to="/agents/$agentId"
          params={{ agentId: String(figures.agent) }}
          className="block truncate rounded-sm hover:underline touch:-my-2.5 touch:py-2.5"
        >
          {figures.agent_name}
        </Link>
        <span
          aria-hidden
          className="mt-1 block h-1 rounded-full bg-brand/60"
          style={{ width: `${(count / most) * 100}%` }}
        />
      </th>
      <Cell>{formatNumber(count)}</Cell>
      <Cell>
        {figures.failed > 0 ? (
          <span className="text-failed">{formatNumber(figures.failed)}</span>
        ) : (
          '0'
        )}
      </Cell>
      <Cell isWide>{latency ? formatSeconds(latency.p50) : '–'}</Cell>
      <Cell isWide>{latency ? formatSeconds(latency.p95) : '–'}</Cell>
      <Cell isWide>
        {formatCompact(figures.input_tokens + figures.output_tokens)}
      </Cell>
      <Cell isWide>{formatSum(figures)}</Cell>
    </tr>
  )
}

function Cell({ children, isWide }: { children: ReactNode; isWide?: boolean }) {
  return (
    <td
      className={`px-4 py-2.5 text-right whitespace-nowrap sm:px-5 ${isWide ? 'hidden sm:table-cell' : ''}`}
    >
      {children}
    </td>
  )
}
