import type { ClientBase } from 'pg'
import { type GateOperations, type ReadingOperation, runGate } from '../../budgets/gate-operations.ts'
import { invariant } from '../../errors.ts'
import { refusable } from '../refusable.ts'
import type { Connections } from './connections.ts'
import { foreseeOperation } from './gate-work.ts'
import { NotLoaded } from './known-rows.ts'
import { Turn, type TurnParts } from './turn.ts'
import { sendReads, wantedReads } from './turn-reads.ts'
import { snapshotReads } from './write-turn.ts'

const maxPasses = 50

/** What the gate answers, and whether holds ran out that the ledger still has as open. */
export interface Reading<K extends ReadingOperation> {
  readonly answer: GateOperations[K]['answer']
  readonly hasLapsed: boolean
}

/**
 * Asks the gate of a ledger on one snapshot, without its lock and without writing: beside whoever writes, and where this
 * user may only read.
 */
export function askSnapshot<K extends ReadingOperation>(
  connections: Connections,
  schema: string,
  createParts: () => TurnParts,
  [operation, input]: readonly [K, GateOperations[K]['input']],
): Promise<Reading<K>> {
  return connections.read(async (client) => {
    const turn = new Turn(createParts())
    foreseeOperation(turn, input)
    try {
      await sendReads(client, snapshotReads(client, schema, connections.location, turn))
      const answered = await decide(client, schema, turn, () => refusable(() => runGate(turn.gate.gate, operation, input)))
      if ('refused' in answered) throw answered.refused
      return { answer: answered.answer, hasLapsed: turn.gate.rows.dirtyHolds.size > 0 }
    } finally {
      await client.query('ROLLBACK')
    }
  })
}

/** Decides in memory, reading what turns out to be missing. */
async function decide<T>(client: ClientBase, schema: string, turn: Turn, work: () => T): Promise<T> {
  for (let pass = 0; pass < maxPasses; pass += 1) {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof NotLoaded)) throw error
      turn.undo()
      await sendReads(client, wantedReads(client, schema, turn))
    }
  }
  invariant(false, `A reading still wants rows after ${maxPasses} readings.`)
}
