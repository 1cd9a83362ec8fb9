const size = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

const UNITS = [
  { unit: 'GB', bytes: 1e9 },
  { unit: 'MB', bytes: 1e6 },
  { unit: 'kB', bytes: 1e3 },
]

/** "400 B", "1.5 kB", "12 MB", "5 GB": in powers of a thousand. */
export function formatSize(bytes: number) {
  const fitting = UNITS.find((each) => bytes >= each.bytes)
  return fitting
    ? `${size.format(bytes / fitting.bytes)} ${fitting.unit}`
    : `${bytes} B`
}
