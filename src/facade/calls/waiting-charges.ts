import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseLines } from './journal-lines.ts'
import { journalFolder } from './unbooked-journal.ts'

/** What lies in the journals of a ledger. */
export interface WaitingCharges {
  readonly folder: string
  /** Charges of calls that the ledger could not take yet. */
  readonly charges: number
  /** Files with lines that are no charges, for people to look at. */
  readonly unreadable: readonly string[]
}

/** What waits beside a ledger to be booked, by whatever process; undefined where a ledger has no journals. */
export function waitingCharges(place: string): WaitingCharges | undefined {
  const folder = journalFolder(place)
  if (folder === null) return undefined
  const names = namesIn(folder)
  const journals = names.filter((name) => name.endsWith('.jsonl'))
  const charges = journals.reduce((sum, name) => sum + parseLines(readFileSync(join(folder, name))).settlements.length, 0)
  return { folder, charges, unreadable: names.filter((name) => name.endsWith('.unreadable')).map((name) => join(folder, name)) }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
