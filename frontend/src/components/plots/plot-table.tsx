import { shownAt } from './plot'
import type { PlotData } from './plot'

/** The values as text, newest first. */
export function PlotTable({ data }: { data: PlotData }) {
  return (
    <div
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrollable content must be reachable by keyboard.
      tabIndex={0}
      role="region"
      aria-label={`${data.title} as a table`}
      className="h-52 overflow-auto rounded-lg border"
    >
      <table className="w-full text-xs tabular">
        <thead className="sticky top-0 bg-muted text-muted-foreground">
          <tr>
            <th scope="col" className="px-3 py-1.5 text-left font-medium">
              When
            </th>
            {data.series.map(({ key, label }) => (
              <th
                key={key}
                scope="col"
                className="px-3 py-1.5 text-right font-medium"
              >
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y">
          {data.points.toReversed().map((point) => (
            <tr key={point.key}>
              <th
                scope="row"
                className="px-3 py-1.5 text-left font-normal whitespace-nowrap"
              >
                {point.title}
              </th>
              {data.series.map((each) => (
                <td key={each.key} className="px-3 py-1.5 text-right">
                  {shownAt(data, point, each)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
