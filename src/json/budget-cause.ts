import type { Cause } from '../budgets/counter.ts'

/** Why a counter stands above its bound, in words that follow "because". */
export const causeWords: Readonly<Record<Cause, string>> = {
  unheld: 'a charge was booked without a hold',
  overrun: 'a call cost more than was held for it',
  correction: 'a correction raised what was spent',
  'limit-lowered': 'the limit was lowered',
  'increase-ended': 'an increase of the limit has ended',
  seeded: 'it was spent or held before the budget was made',
  soft: 'the budget only warns',
  'running-run': 'runs that had begun went on',
}

export const causes = Object.keys(causeWords) as [Cause, ...Cause[]]
