import { PurserError } from '../errors.ts'
import { formatAmount } from './amount-text.ts'
import { metrics } from './budget.ts'
import type { Grant } from './denial.ts'
import type { Amounts, Asked, Hold, HoldId } from './hold.ts'

export function grantOf(hold: Hold): Grant {
  const { id, reservedAt, expiresAt, warnings } = hold
  const { maxOutputTokens } = hold.asked
  return { granted: true, id, reservedAt, expiresAt, warnings, ...(maxOutputTokens !== null && { maxOutputTokens }) }
}

/** What an id is asked for once more. */
interface AskedAgain {
  readonly asked: Asked
  readonly parent: HoldId | null
}

/**
 * The grant of an id that was asked for before.
 * @throws PURSER_ID_CONFLICT for other content, PURSER_HOLD_ENDED where the hold has ended or run out
 */
export function grantedBefore(hold: Hold, { asked, parent }: AskedAgain, nowMs: number): Grant {
  const differing = comparedFields(hold.asked, asked).find((field) => contentOf(hold.asked[field]) !== contentOf(asked[field]))
  if (differing !== undefined) throw conflict(hold, differing, asked)
  if (hold.parent !== parent) {
    throw conflictOf(hold, 'granted with another hold that it is split from', `${contentOf(hold.parent)} then, ${contentOf(parent)} now`)
  }
  // One that has ended holds nothing, and one that ran out has given its place back: nobody may take its grant for what is set aside.
  if (hold.state === 'open' && hold.expiresAt > nowMs) return { ...grantOf(hold), isRepeated: true }
  const what = hold.state === 'open' || hold.state === 'presumed' ? 'has run out' : `is ${hold.state}`
  throw new PurserError(
    'PURSER_HOLD_ENDED',
    `The hold "${hold.id}" was granted before and ${what}; it is not granted twice. Use another id for another call.`,
  )
}

type Field = keyof typeof fieldNames

/** A request stands for the bound that was made of it, which prices may have changed since. */
function comparedFields(was: Asked, is: Asked): readonly Field[] {
  const bounded: readonly Field[] = was.request !== null && is.request !== null ? ['request'] : ['worst', 'expected', 'request']
  return ['labels', ...bounded, 'ttlMs', 'basis', 'provider', 'model']
}

const fieldNames = {
  labels: 'labels',
  worst: 'amount',
  expected: 'expected amount',
  request: 'request',
  ttlMs: 'time to live',
  basis: 'basis',
  provider: 'provider',
  model: 'model',
} as const

function conflict(hold: Hold, field: Field, asked: Asked): PurserError {
  const name = fieldNames[field]
  if (field === 'request') return conflictOf(hold, `granted for another ${name}`, 'the same id stands for the same request')
  return conflictOf(hold, `granted with another ${name}`, `${shownContent(hold.asked, field)} then, ${shownContent(asked, field)} now`)
}

function conflictOf({ id }: Hold, was: string, difference: string): PurserError {
  return new PurserError('PURSER_ID_CONFLICT', `The hold "${id}" was ${was}: ${difference}. Use another id for another call.`)
}

/** What differs, for people: amounts in their units. */
function shownContent(asked: Asked, field: Field): string {
  if (field !== 'worst' && field !== 'expected') return contentOf(asked[field])
  const amounts = metrics.flatMap((metric) => {
    const amount = asked[field][metric]
    return amount === undefined ? [] : [formatAmount(metric, amount)]
  })
  return amounts.join(', ') || 'none'
}

function contentOf(value: Asked['labels'] | Amounts | string | number | null): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).map(([key, each]) => [key, String(each)] as const)
  return JSON.stringify(Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1))))
}
