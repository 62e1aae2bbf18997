import { defaultSubjects } from '../../src/ledger/labels.ts'
import { PurserError } from '../../src/errors.ts'
import type { Store } from '../../src/stores/store.ts'
import { draftOf, type Reply, replyOf, send } from './apply.ts'
import type { Operation } from './operations.ts'

/** The settings of every simulated ledger. */
export const settings = { timezone: 'UTC', subjects: defaultSubjects }

/** What comes of requests, and of what was sent among them. */
export interface Sent {
  readonly replies: readonly Reply[]
  /** How the spoiler failed. */
  readonly spoiled: PurserError | undefined
}

/**
 * Who else writes at the same moment. `spoiler`: somebody in the middle whose transaction fails after it has booked a
 * charge and counted it. `noise`: somebody first, who writes a document, so that there is something to commit.
 */
export type Company = 'nobody' | 'spoiler' | 'noise'

/** Sends requests all at once; a store serves them in the order in which they come. */
export async function sendAll(store: Store, operations: readonly Operation[], now: number, company: Company = 'nobody'): Promise<Sent> {
  const ask = (operation: Operation): Promise<Reply> => replyOf(send(store, operation, now))
  const half = Math.floor(operations.length / 2)
  const noise = company === 'noise' ? store.transact({ documents: [noisy] }).catch(onlyRegistered) : undefined
  const first = operations.slice(0, half).map(ask)
  const spoiler = company === 'spoiler' ? spoil(store, now) : undefined
  const replies = await Promise.all([...first, ...operations.slice(half).map(ask)])
  await noise
  return { replies, spoiled: await spoiler }
}

const noisy = { kind: 'simulation', key: 'noise', body: {} }

/** How often noise was written. */
export async function noiseIn(store: Store): Promise<number> {
  return (await store.document(noisy.kind, noisy.key))?.version ?? 0
}

/** More than there is space for on a disk that is nearly full. */
const ballast = 'x'.repeat(1_000_000)

/** Two reasons to fail, one for a disk that is nearly full and one for all others, both after a charge was booked. */
async function spoil(store: Store, now: number): Promise<PurserError | undefined> {
  const usage = { inputTokens: 900 }
  const draft = draftOf({ id: `spoiled-${now}`, at: now, provider: 'acme', model: 'big', labels: { project: 'atlas' }, usage }, now)
  const documents = [
    { kind: 'simulation', key: 'ballast', body: { ballast } },
    { kind: 'simulation', key: 'nobody', body: {}, expectedVersion: 7 },
  ]
  return store
    .transact({ bookings: [{ draft, onExisting: 'same', rank: 1 }], documents })
    .then(() => undefined)
    .catch(onlyRegistered)
}

function onlyRegistered(error: unknown): PurserError {
  if (error instanceof PurserError) return error
  throw error
}
