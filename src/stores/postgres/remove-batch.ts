import { invariant } from '../../errors.ts'
import type { StoredCharge } from '../stored-charge.ts'
import { NotLoaded } from './known-rows.ts'
import type { BatchRow, Turn } from './turn.ts'
import type { Work, WriteQueue } from './write-queue.ts'

const chargesPerTurn = 250

/**
 * Takes an import out of the ledger again: its charges, their corrections from later imports, their ids, and what
 * they added to every sum, in transactions of a few milliseconds. It can be broken off and called again.
 */
export async function removeBatch(queue: WriteQueue, batch: string, onProgress?: (removed: number) => void): Promise<number> {
  const found = await queue.run(onBatch(batch, (turn) => turn.batches.get(batch)))
  if (found === undefined) return 0
  let removed = 0
  for (let turn: Removed = { count: 0, next: found.firstSeq - 1 }; turn.next !== undefined;) {
    turn = await queue.run(removal(batch, found, turn.next))
    removed += turn.count
    onProgress?.(removed)
  }
  await queue.run(onBatch(batch, (turn) => turn.batches.delete(batch)))
  return removed
}

function onBatch<T>(batch: string, decide: (turn: Turn) => T): Work<T> {
  return { take: () => 1, foresee: (turn) => turn.batches.want(batch), decide }
}

/** What one turn removed: `next` is the place of the last charge, or undefined where there are no more. */
interface Removed {
  readonly count: number
  readonly next: number | undefined
}

/** Removes the next charges of a batch. */
function removal(batch: string, row: BatchRow, afterSeq: number): Work<Removed> {
  let limit = chargesPerTurn
  const page = () => ({ id: row.id, afterSeq, upToSeq: row.lastSeq, limit })
  return {
    take: (most) => (limit = Math.max(1, Math.min(limit, most))),
    foresee: (turn) => {
      turn.batches.want(batch)
      turn.batchPages.want(JSON.stringify(page()))
    },
    decide: (turn) => {
      const seqs = turn.batchPages.get(JSON.stringify(page())) ?? []
      let missing: NotLoaded | undefined
      let count = 0
      for (const seq of seqs) {
        try {
          count += removeWithCorrections(turn, seq, row.id)
        } catch (error) {
          if (!(error instanceof NotLoaded)) throw error
          missing = error
        }
      }
      if (missing !== undefined) throw missing
      return { count, next: seqs.length < limit ? undefined : seqs.at(-1) }
    },
  }
}

/**
 * A charge goes with all its corrections, and a correction with those after it, which were made on top of it. Gives how
 * many of the import went; one that is gone already went with what it corrects.
 */
function removeWithCorrections(turn: Turn, seq: number, batch: number): number {
  const stored = turn.charge(seq)
  if (stored === undefined) return 0
  const original = originalOf(turn, stored)
  const later = turn.correctionsOf(original.charge.seq).filter(({ charge }) => charge.seq > seq)
  for (const correction of later.toReversed()) remove(turn, correction, original)
  remove(turn, stored, original)
  return 1 + later.filter((correction) => correction.batch === batch).length
}

function originalOf(turn: Turn, stored: StoredCharge): StoredCharge {
  const { corrects } = stored.charge
  if (corrects === null) return stored
  const row = turn.ids.get(corrects)
  const original = row === undefined ? undefined : turn.charge(row.seq)
  invariant(original !== undefined, `The charge that ${stored.charge.id} corrects is gone.`)
  return original
}

/** The rank that a correction's id keeps is the one that the call had before it. */
function remove(turn: Turn, stored: StoredCharge, original: StoredCharge): void {
  const { charge } = stored
  if (charge.corrects !== null) {
    const [before, now] = [turn.ids.get(charge.id), turn.ids.get(original.charge.id)]
    if (before !== undefined && now !== undefined) turn.setRank(original.charge.id, now, before.rank)
  }
  turn.remove(stored)
}
