import { idDigest } from '../../ledger/charge-id.ts'
import { contributionOf, type StoredCharge } from '../stored-charge.ts'
import { turnMs } from '../store.ts'
import type { SqliteParts } from './sqlite-parts.ts'

const chargesPerTransaction = 250
const pagesAtOnce = 100

/**
 * Takes an import out of the ledger again: its charges, their corrections from later imports, their ids, and what
 * they added to every sum, in transactions of a few milliseconds. It can be broken off and called again.
 */
export async function removeBatch(parts: SqliteParts, batch: string, onProgress?: (removed: number) => void): Promise<number> {
  const { database, queue } = parts
  const found = database.prepare('SELECT id, first_seq, last_seq FROM batches WHERE name = ?').get(batch)
  if (found === undefined) return 0
  const [id, first, last] = [Number(found['id']), Number(found['first_seq']), Number(found['last_seq'])]
  let removed = 0
  for (let afterSeq = first - 1; afterSeq < last;) {
    const page = { after: { at: 0, seq: afterSeq }, upToSeq: last, limit: chargesPerTransaction }
    const turn = await queue.run(() => {
      const rows = parts.reader.page(page)
      const started = performance.now()
      let count = 0
      for (const row of rows) {
        if (row.batch === id) count += removeWithCorrections(parts, row)
        if (performance.now() - started > turnMs) return { count, next: row.charge.seq }
      }
      return { count, next: rows.at(-1)?.charge.seq ?? last }
    }, true)
    removed += turn.count
    afterSeq = turn.next
    onProgress?.(removed)
  }
  await queue.run(() => database.prepare('DELETE FROM batches WHERE id = ?').run(id))
  await giveBackPages(parts)
  return removed
}

/** Gives the pages that became free back to the file system, a few megabytes at a time. */
async function giveBackPages({ database, queue }: SqliteParts): Promise<void> {
  const freePages = (): number => Number(database.prepare('PRAGMA freelist_count').get()?.['freelist_count'])
  for (let left = freePages(); left > 0;) {
    await queue.run(() => database.exec(`PRAGMA incremental_vacuum(${pagesAtOnce})`), true)
    const now = freePages()
    if (now >= left) return
    left = now
  }
}

/**
 * A charge goes with all its corrections, and a correction with those after it, which were made on top of it. Gives how
 * many of the same import went.
 */
function removeWithCorrections(parts: SqliteParts, row: StoredCharge): number {
  const { id, seq, corrects } = row.charge
  let removed = 0
  const chain = parts.reader.corrections(corrects ?? id).filter((correction) => correction.seq > seq)
  for (const { seq: later } of chain.toReversed()) {
    const stored = parts.reader.bySeq(later)
    if (stored === undefined) continue
    remove(parts, stored)
    if (stored.batch === row.batch) removed += 1
  }
  // It may have gone already, with what it corrects.
  if (parts.reader.bySeq(seq) === undefined) return removed
  remove(parts, row)
  return removed + 1
}

function remove(parts: SqliteParts, stored: StoredCharge): void {
  const { database, calendar, changes, gate } = parts
  const { charge, subjects } = stored
  const digest = idDigest('', charge.id)
  if (charge.corrects !== null) {
    const rankBefore = database.prepare('UPDATE ids SET rank = (SELECT rank FROM ids WHERE digest = ?) WHERE digest = ?')
    rankBefore.run(digest, idDigest('', charge.corrects))
  }
  database.prepare('DELETE FROM ids WHERE digest = ?').run(digest)
  database.prepare('DELETE FROM charges WHERE seq = ?').run(charge.seq)
  for (const subject of subjects) database.prepare('DELETE FROM charge_subjects WHERE subject = ? AND seq = ?').run(subject, charge.seq)
  changes.add(contributionOf(stored, calendar, -1))
  gate.count(charge, charge.seq, -1)
}
