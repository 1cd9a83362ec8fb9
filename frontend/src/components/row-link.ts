/** For the link in a row, which makes the whole row its target. The row is `relative`. */
export const rowLinkClassName =
  'block truncate text-sm font-medium after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-ring'
