/** The time that is so many seconds into a task, as the API writes it. */
export const at = (second: number) =>
  new Date(Date.UTC(2026, 4, 4, 10, 0, second)).toISOString()
