import type { Measures } from '../ledger/measures.ts'
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

/** Whether a row `r` sums anything; one that only a part of a call is in may have no call. */
export const sumsSomething = `(${measureColumnNames.map((column, index) => `r.${column} ${index === 0 ? '>' : '<>'} 0`).join(' OR ')})`

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

/** Time, series, sku, subject, the measures and the packed meters of a row, integers as bigints, texts, or numbers that hold them exactly. */
export type RollupCells = readonly (bigint | string | number | Uint8Array | null)[]

const none: readonly Uint8Array[] = []

export function toRollupRow(cells: RollupCells): RollupRow {
  const meters = cells[14]
  return {
    time: Number(cells[0]),
    series: Number(cells[1]),
    sku: Number(cells[2]),
    subject: cells[3] as string | null,
    // In the order of `measureNames`; written out, because answers may have very many rows.
    measures: {
      calls: Number(cells[4]),
      costNanos: toNanos(cells[5]),
      unpricedCalls: Number(cells[6]),
      partialCalls: Number(cells[7]),
      estimatedCalls: Number(cells[8]),
      estimatedNanos: toNanos(cells[9]),
      inputTokens: Number(cells[10]),
      cacheReadTokens: Number(cells[11]),
      cacheWriteTokens: Number(cells[12]),
      outputTokens: Number(cells[13]),
    },
    meters: meters instanceof Uint8Array ? [meters] : none,
  }
}

function toNanos(cell: RollupCells[number] | undefined): bigint {
  if (cell === 0) return 0n
  return typeof cell === 'bigint' ? cell : BigInt(cell as string | number)
}
