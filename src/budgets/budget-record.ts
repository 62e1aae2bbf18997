import type { Budget, Increase, Override, Terms } from './budget.ts'

/** How far a new budget has counted the charges that were booked before it. */
export interface Seeding {
  /** Charges up to this place of the ledger's order are to be counted; later ones are counted as they are booked. */
  readonly upToSeq: number
  /** The last charge that is counted, in order of time. */
  readonly afterAt: number
  readonly afterSeq: number
  readonly charges: number
  /** Where very many holds were open: by number, the last that is counted, and the last to be counted. */
  readonly holds?: { readonly after: number; readonly upTo: number }
}

/** A budget as a ledger keeps it. */
export interface BudgetRecord {
  readonly budget: Budget
  /** Number of the revision; a new one has counters of its own. */
  readonly revision: number
  /** Number of the last change, by which whoever changes it can say what they have seen. */
  readonly version: number
  readonly definedAt: number
  /** First instant whose charges count: where the window began in which the revision was made. */
  readonly countsFrom: number
  readonly seeding: Seeding | null
}

export const budgetKind = 'budget'

/** As JSON, with amounts as text. */
export function toStoredBudget(record: Omit<BudgetRecord, 'version'>): unknown {
  const { budget } = record
  return {
    ...record,
    budget: {
      ...budget,
      ...textOf(budget),
      overrides: budget.overrides.map((override) => ({ ...override, ...textOf(override) })),
      increase: budget.increase && { ...budget.increase, by: String(budget.increase.by) },
      ceiling: budget.ceiling === null ? null : String(budget.ceiling),
    },
  }
}

/** What `toStoredBudget` wrote. */
export function fromStoredBudget(stored: unknown): BudgetRecord {
  const record = stored as StoredRecord
  const { budget } = record
  return {
    ...record,
    // One that was written before changes were numbered has that of its revision.
    version: record.version ?? record.revision,
    budget: {
      ...budget,
      ...amountsOf(budget),
      overrides: budget.overrides.map((override) => ({ ...override, ...amountsOf(override) })),
      increase: budget.increase && { ...budget.increase, by: BigInt(budget.increase.by) },
      ceiling: budget.ceiling === null ? null : BigInt(budget.ceiling),
    } as Budget,
  }
}

type Textual<T> = { readonly [K in keyof T]: Exclude<T[K], undefined> extends bigint ? string | Extract<T[K], undefined> : T[K] }

interface StoredRecord extends Omit<BudgetRecord, 'budget' | 'version'> {
  readonly version?: number
  readonly budget: Textual<Omit<Budget, 'overrides' | 'increase' | 'ceiling'>> & {
    readonly overrides: readonly Textual<Override>[]
    readonly increase: Textual<Increase> | null
    readonly ceiling: string | null
  }
}

function textOf({ limit, tolerance }: Partial<Terms>): { limit?: string; tolerance?: string } {
  return { ...(limit !== undefined && { limit: String(limit) }), ...(tolerance !== undefined && { tolerance: String(tolerance) }) }
}

function amountsOf({ limit, tolerance }: { readonly limit?: string | undefined; readonly tolerance?: string | undefined }): Partial<Terms> {
  return { ...(limit !== undefined && { limit: BigInt(limit) }), ...(tolerance !== undefined && { tolerance: BigInt(tolerance) }) }
}
