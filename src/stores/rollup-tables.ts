import { type Measures, measureNames, zeroMeasures } from '../ledger/measures.ts'
import { nanos } from '../money/nanos.ts'
import type { RollupRow } from './store.ts'

/** Columns of measures in the order of `measureNames`. */
export const measureColumnNames = [
  'calls',
  'cost',
  'unpriced_calls',
  'partial_calls',
  'estimated_calls',
  'estimated_cost',
  'input_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'output_tokens',
] as const

/** The tables of sums; each can be filled again from the charges. */
export const rollupKeys = {
  slots: ['slot', 'series', 'sku'],
  days: ['day', 'series', 'sku'],
  subject_days: ['subject', 'day', 'series', 'sku'],
} as const

export type RollupTable = keyof typeof rollupKeys
export const rollupTableNames = Object.keys(rollupKeys) as readonly RollupTable[]

/** Measures in the order of their columns. @throws PURSER_AMOUNT_OUT_OF_RANGE for a sum beyond 64 bits */
export function measureCells(measures: Measures): (number | bigint)[] {
  return [
    measures.calls,
    nanos(measures.costNanos),
    measures.unpricedCalls,
    measures.partialCalls,
    measures.estimatedCalls,
    nanos(measures.estimatedNanos),
    measures.inputTokens,
    measures.cacheReadTokens,
    measures.cacheWriteTokens,
    measures.outputTokens,
  ]
}

/** Time, series, sku, subject, the measures and the packed meters of a row, integers as bigints or texts. */
export type RollupCells = readonly (bigint | string | number | Uint8Array | null)[]

export function toRollupRow(cells: RollupCells): RollupRow {
  const measures = zeroMeasures()
  for (const [index, name] of measureNames.entries()) {
    const value = cells[4 + index] as bigint | string
    if (name === 'costNanos' || name === 'estimatedNanos') measures[name] = BigInt(value)
    else measures[name] = Number(value)
  }
  const meters = cells[4 + measureNames.length]
  return {
    time: Number(cells[0]),
    series: Number(cells[1]),
    sku: Number(cells[2]),
    subject: cells[3] as string | null,
    measures,
    meters: meters instanceof Uint8Array ? [meters] : [],
  }
}
