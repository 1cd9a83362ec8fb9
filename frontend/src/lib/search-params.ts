/** Reads plain values from the URL, as in `?status=failed,running&agent=3`; no JSON. */
export function parseSearch(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search))
}

function plain(value: unknown) {
  if (Array.isArray(value)) return value.join(',')
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') {
    return String(value)
  }
  return ''
}

export function stringifySearch(search: Record<string, unknown>) {
  const entries = Object.entries(search)
    .map(([name, value]) => [name, plain(value)])
    .filter(([, value]) => value !== '')
  const text = new URLSearchParams(entries).toString()
  // Commas and slashes are allowed in a query string and easier to read.
  return text && `?${text.replaceAll('%2C', ',').replaceAll('%2F', '/')}`
}
