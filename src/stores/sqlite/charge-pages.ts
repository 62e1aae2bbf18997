import type { Charge } from '../../ledger/charge.ts'
import type { ChargeSelection } from '../store.ts'
import type { StoredCharge } from '../stored-charge.ts'
import type { Page } from './charge-reader.ts'
import type { SqliteParts } from './sqlite-parts.ts'

const chargesPerPage = 1000

/** Charges of a selection, a page at a time; `read` turns failures of SQLite into errors of the registry. */
export async function* selectCharges(
  parts: Pick<SqliteParts, 'database' | 'reader' | 'dictionaries'>,
  selection: ChargeSelection,
  read: <T>(read: () => T) => T,
): AsyncIterable<Charge> {
  const { sinceMs = 0, untilMs = Number.MAX_SAFE_INTEGER, batch } = selection
  const nextPage = read(() => pager(parts, selection))
  for (let after = { at: sinceMs, seq: 0 }; ;) {
    const page = read(() => nextPage(after))
    for (const { charge } of page) {
      const isAsked = charge.at >= sinceMs && charge.at < untilMs && (batch === undefined || charge.batch === batch)
      if (isAsked) yield charge
    }
    const last = page.at(-1)?.charge
    if (last === undefined || page.length < chargesPerPage) return
    after = { at: last.at, seq: last.seq }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** By subject where one is asked for, by time where a period is, else in order of booking. */
function pager(
  { reader, dictionaries, database }: Pick<SqliteParts, 'database' | 'reader' | 'dictionaries'>,
  { subject, sinceMs, untilMs }: ChargeSelection,
): (after: Page['after']) => StoredCharge[] {
  const upToSeq = Number(database.prepare('SELECT max(seq) AS seq FROM charges').get()?.['seq'] ?? 0)
  const page = (after: Page['after']): Page => ({ after, upToSeq, limit: chargesPerPage })
  if (subject !== undefined) {
    const id = dictionaries.findSubject(subject.kind, subject.value)
    return (after) => (id === undefined ? [] : reader.pageOfSubject(page(after), id))
  }
  if (sinceMs === undefined && untilMs === undefined) return (after) => reader.page(page(after))
  return (after) => reader.pageByTime(page(after), untilMs ?? Number.MAX_SAFE_INTEGER)
}
