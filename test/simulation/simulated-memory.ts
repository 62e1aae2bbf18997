import { PurserError } from '../../src/errors.ts'
import { openMemoryStore } from '../../src/stores/memory/memory-store.ts'
import { sendAll, settings } from './requests.ts'
import type { SimulatedLedger } from './simulated-ledger.ts'

/** A ledger in memory. It has nothing that could fail but its clock, which it asks in each of its turns. */
export function simulateMemory(now: () => number): SimulatedLedger {
  let isStopped = false
  const tell = (): number => {
    if (isStopped) throw new PurserError('PURSER_LEDGER_UNAVAILABLE', 'The clock has stopped.')
    return now()
  }
  const store = openMemoryStore({ ...settings, now: tell })
  return {
    stores: () => [store],
    restart: async () => undefined,
    befall: async ({ trouble, operations, now: at }) => {
      isStopped = trouble === 'refused'
      const { replies } = await sendAll(store, operations, at, trouble === 'disturbed' ? 'spoiler' : 'noise')
      isStopped = false
      // Nothing lies between a ledger in memory and its caller, so that an answer is lost only because nobody reads it.
      return trouble === 'lost' ? undefined : replies
    },
  }
}
