import { mulberry32 } from '../random.ts'

/** A quantile of measured values with the interval in which it lies by the bootstrap. */
export interface QuantileInterval {
  value: number
  lower: number
  upper: number
}

const resamples = 300

/**
 * The quantile of a sample and its 95 % percentile-bootstrap interval; the same for the same seed.
 * @throws when there are no values.
 */
export function quantileInterval(values: readonly number[], quantile: number, seed: number): QuantileInterval {
  if (values.length === 0) throw new Error('Expected at least one value, there was none: no quantile of nothing.')
  const random = mulberry32(seed)
  const sorted = Float64Array.from(values).toSorted()
  const estimates = Float64Array.from({ length: resamples }, () => {
    // the ranks of a resample are enough: its quantile is a value at a rank of the sorted sample
    const ranks = Uint32Array.from({ length: sorted.length }, () => Math.floor(random() * sorted.length)).toSorted()
    return sorted[ranks[rankOf(ranks.length, quantile)] ?? 0] ?? 0
  }).toSorted()
  return {
    value: sorted[rankOf(sorted.length, quantile)] ?? 0,
    lower: estimates[Math.floor(resamples * 0.025)] ?? 0,
    upper: estimates[Math.ceil(resamples * 0.975) - 1] ?? 0,
  }
}

const rankOf = (length: number, quantile: number): number => Math.min(length - 1, Math.ceil(length * quantile) - 1)
