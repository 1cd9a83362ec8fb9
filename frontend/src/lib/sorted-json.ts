/** A value as indented JSON with its keys in alphabetical order, to be compared by line. */
export const sortedJson = (value: unknown) =>
  JSON.stringify(
    value,
    (_, each: unknown) =>
      typeof each === 'object' && each !== null && !Array.isArray(each)
        ? Object.fromEntries(
            Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)),
          )
        : each,
    2,
  )
