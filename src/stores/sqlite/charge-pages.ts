import type { Charge } from '../../ledger/charge.ts'
import { type ChargePage, chargesPerPage, isByTime, walkPages } from '../charge-pages.ts'
import type { ChargeSelection } from '../store.ts'
import type { StoredCharge } from '../stored-charge.ts'
import type { SqliteParts } from './sqlite-parts.ts'

/** Charges of a selection; `read` turns failures of SQLite into errors of the registry. */
export function selectCharges(
  parts: Pick<SqliteParts, 'database' | 'reader' | 'dictionaries'>,
  selection: ChargeSelection,
  read: <T>(read: () => T) => T,
): AsyncIterable<Charge> {
  let nextPage: ReturnType<typeof pager> | undefined
  return walkPages(selection, (after) => read(() => (nextPage ??= pager(parts, selection))(after)))
}

/** By subject where one is asked for, by time where a period is, else in order of booking. */
function pager(
  { reader, dictionaries, database }: Pick<SqliteParts, 'database' | 'reader' | 'dictionaries'>,
  selection: ChargeSelection,
): (after: ChargePage['after']) => StoredCharge[] {
  const { subject, backwards = false } = selection
  const upToSeq = Number(database.prepare('SELECT max(seq) AS seq FROM charges').get()?.['seq'] ?? 0)
  const page = (after: ChargePage['after']): ChargePage => ({ after, upToSeq, limit: chargesPerPage })
  if (subject !== undefined) {
    const id = dictionaries.findSubject(subject.kind, subject.value)
    return (after) => (id === undefined ? [] : reader.pageOfSubject(page(after), id, backwards))
  }
  if (!isByTime(selection)) return (after) => reader.page(page(after), backwards)
  return (after) => reader.pageByTime(page(after), selection)
}
