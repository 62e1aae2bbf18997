import type { Refuse } from '../../budgets/input-place.ts'
import { PurserError } from '../../errors.ts'
import type { BudgetDraft } from './budget-draft.ts'
import { asSentence } from '../../text/sentence.ts'

/** Refuses a field of a budget where it is written. */
export function refuseIn(written: BudgetDraft['written']): Refuse {
  return (path, predicate) => {
    const { place, name } = written(path)
    throw new PurserError('PURSER_BAD_CONFIG', asSentence(`${place === undefined ? '' : `${place}: `}${name} ${predicate}`))
  }
}
