import { PurserError } from '../errors.ts'
import { quantities } from '../usage/usage.ts'
import { formatAmount } from './amount-text.ts'
import { hasUsage } from './count-charge.ts'
import type { Hold, Told } from './hold.ts'
import type { Settlement } from './settle.ts'

/** What somebody says of the calls of a hold, before anything is booked for it. */
export type Saying = Omit<Told, 'charges'>

export function sayingOf({ draft, isMeasured }: Pick<Settlement, 'draft' | 'isMeasured'>): Saying {
  return { cost: draft.statedNanos ?? draft.reportedNanos, usage: draft.usage, isMeasured: isMeasured ?? hasUsage(draft) }
}

export function isSameSaying(a: Saying, b: Saying): boolean {
  return a.cost === b.cost && isSameUsage(a, b)
}

export function isSameUsage(a: Saying, b: Saying): boolean {
  return a.isMeasured === b.isMeasured && JSON.stringify(quantities(a.usage)) === JSON.stringify(quantities(b.usage))
}

/** What stands where something else was said before. */
export function saidBefore({ id }: Pick<Hold, 'id'>, told: readonly Saying[]): PurserError {
  return new PurserError(
    'PURSER_ID_CONFLICT',
    `What is left of the hold "${id}" was said before: ${told.map(textOf).join(', and ')}. That stands, and nothing was booked.`,
  )
}

function textOf({ cost, usage }: Saying): string {
  const used = quantities(usage).map(([meter, quantity]) => `${meter}=${quantity}`)
  return [...(cost === null ? [] : [formatAmount('cost', cost)]), ...used].join(' ') || 'nothing was used'
}
