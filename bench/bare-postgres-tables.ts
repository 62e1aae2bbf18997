/** A table that booking held calls writes to. */
export interface BareTable {
  readonly name: string
  readonly key: readonly string[]
  /** Whether its rows are changed again and again, by every process. */
  readonly isSum: boolean
}

const rollupKey = ['series', 'sku']

export const bareTables: readonly BareTable[] = [
  { name: 'holds', key: ['number'], isSum: false },
  { name: 'charges', key: ['seq'], isSum: false },
  { name: 'ids', key: ['seq'], isSum: false },
  { name: 'charge_subjects', key: ['seq'], isSum: false },
  { name: 'slots', key: ['slot', ...rollupKey], isSum: true },
  { name: 'days', key: ['day', ...rollupKey], isSum: true },
  { name: 'subject_days', key: ['subject', 'day', ...rollupKey], isSum: true },
  { name: 'counters', key: ['id'], isSum: true },
]

/** How many rows of each table one transaction writes. */
export type RowsATurn = Readonly<Record<string, number>>
