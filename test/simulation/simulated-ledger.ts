import type { Store } from '../../src/stores/store.ts'
import type { Reply } from './apply.ts'
import type { Operation } from './operations.ts'

/**
 * What befalls requests. `disturbed`: something fails that the store must get over, and everyone is answered. `refused`:
 * nothing is written, and everyone who is answered gets an error. `lost`: all is written, and nobody hears of it.
 */
export type Trouble = 'disturbed' | 'refused' | 'lost'

/** Requests that are under way when trouble comes. */
export interface Befalling {
  readonly trouble: Trouble
  /** From 0 to 1: which of the ways in which this can happen to a store. */
  readonly way: number
  /** The handle that the requests are sent to. */
  readonly index: number
  readonly operations: readonly Operation[]
  readonly now: number
}

/** A ledger to be simulated, as processes have it open, and all that can go wrong with it. */
export interface SimulatedLedger {
  /** The handles that are open: two, as two processes would have; one of a ledger in memory. */
  readonly stores: () => readonly Store[]
  /** Opens all handles anew, after they were closed in good order or after their processes were killed. */
  readonly restart: (how: 'closed' | 'killed') => Promise<void>
  /** Sends requests into trouble; afterwards all is well again. Gives the answers, or undefined where nobody is left to hear them. */
  readonly befall: (befalling: Befalling) => Promise<readonly Reply[] | undefined>
}
