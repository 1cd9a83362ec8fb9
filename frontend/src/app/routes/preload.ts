/** Start loading what a screen needs. The screen itself shows a failure. */
export function preload(loading: Promise<unknown>) {
  loading.catch(() => undefined)
}
