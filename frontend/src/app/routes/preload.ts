/** Begin to load what a screen will ask for. Its failure is the screen's to show. */
export function warm(loading: Promise<unknown>) {
  loading.catch(() => undefined)
}
