import { formatNumber } from './format'

type Certainty = { isComplete?: boolean; isEstimate?: boolean }

/** A number of tokens: "12", or "≈12" where some were estimated. */
export const formatTokens = (value: number, isEstimate: boolean) =>
  `${isEstimate ? '≈' : ''}${formatNumber(value)}`

/**
 * "$0.0000034", "≈$0.01" where a part is estimated, "$0.01 + ?" where a part is unknown,
 * and undefined where all of it is.
 */
export function formatCost(cost: string, certainty: Certainty = {}) {
  const { isComplete = true, isEstimate = false } = certainty
  if (Number(cost) === 0) return isComplete ? `$${cost}` : undefined
  return `${isEstimate ? '≈' : ''}$${cost}${isComplete ? '' : ' + ?'}`
}
