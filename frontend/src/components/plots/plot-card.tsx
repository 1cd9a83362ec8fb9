import { ChartColumnIcon, TableIcon } from 'lucide-react'
import { useId, useState } from 'react'
import type { ReactNode } from 'react'

import { Button } from '@/components/ui/button'

import type { PlotData } from './plot'
import { PlotArea } from './plot-area'
import { PlotTable } from './plot-table'
import { Swatch } from './swatch'

type PlotCardProps = {
  data: PlotData
  kind: 'bars' | 'lines'
  /** The total of all values. */
  total: ReactNode
  /** The chart in one sentence. */
  summary: string
}

/** Values over time as a chart or as a table. */
export function PlotCard({ data, kind, total, summary }: PlotCardProps) {
  const id = useId()
  const [isTable, setIsTable] = useState(false)
  return (
    <figure
      aria-labelledby={id}
      className="flex min-w-0 flex-col rounded-2xl border bg-card p-4 sm:p-5"
    >
      <figcaption className="mb-4 flex items-start gap-3">
        <div className="min-w-0 flex-1">
          <h3 id={id} className="text-xs font-medium text-muted-foreground">
            {data.title}
          </h3>
          <p className="text-lg leading-7 font-semibold tracking-tight tabular">
            {total}
          </p>
        </div>
        <Button
          variant="ghost"
          size="icon-small"
          aria-pressed={isTable}
          aria-label={`${data.title} as a table`}
          title={isTable ? 'Show chart' : 'Show table'}
          className="-mt-1.5 -mr-1.5 text-muted-foreground"
          onClick={() => {
            setIsTable(!isTable)
          }}
        >
          {isTable ? <ChartColumnIcon /> : <TableIcon />}
        </Button>
      </figcaption>
      {isTable ? (
        <PlotTable data={data} />
      ) : (
        <PlotArea data={data} kind={kind} summary={summary} />
      )}
      <ul className="mt-3 flex flex-wrap gap-x-4 gap-y-1 text-xs text-muted-foreground">
        {data.series.map(({ key, label, look }) => (
          <li key={key} className="flex items-center gap-1.5">
            <Swatch look={look} kind={kind} />
            {label}
          </li>
        ))}
        {data.note && <li>{data.note}</li>}
      </ul>
    </figure>
  )
}
