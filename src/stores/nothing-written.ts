import type { GateEffects } from '../budgets/gate-effects.ts'

/** What a gate does that is only asked: nothing. */
export const nothingWritten: GateEffects = {
  append: () => undefined,
  book: () => {
    throw new Error('A reading books nothing.')
  },
  putBudget: () => undefined,
  dropCounters: () => undefined,
  nextSeq: () => 0,
}
