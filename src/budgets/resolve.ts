import { PurserError } from '../errors.ts'
import { quantities } from '../usage/usage.ts'
import { hasPrice } from './count-charge.ts'
import { finish } from './end-hold.ts'
import { findHold, type HoldOutcome, isEnded, outcomeOf, stillOpen } from './find-hold.ts'
import type { Gate } from './gate.ts'
import type { Hold, HoldId } from './hold.ts'
import { type Answer, openCharges, restOfCalls, withoutPrice } from './rest-of-calls.ts'
import { becomesKnown, settle, type Settlement } from './settle.ts'
import { isSameSaying, isSameUsage, saidBefore, sayingOf } from './told.ts'
import { addSpent, maxLacking, type Overrun, takeOut, tellOverrun } from './take-out.ts'

/**
 * Says what a hold that is presumed spent came to. Where calls of it are booked, what is said is the rest of them, and a
 * correction of their charges; else it is the call itself. To say the same again books nothing.
 * @throws PURSER_NOT_FOUND; PURSER_BAD_ARGUMENT where the hold is open, or nothing that is presumed would be answered;
 * PURSER_ID_CONFLICT where something else was said before; PURSER_HOLD_ENDED where nothing is presumed any more
 */
export function resolve(gate: Gate, id: HoldId, settlement: Settlement): HoldOutcome {
  const hold = findHold(gate, id)
  gate.lapse()
  const said = sayingOf(settlement)
  const before = hold.told.find((each) => isSameSaying(each, said))
  if (before !== undefined) return { ...outcomeOf(hold), ...chargesOf(before.charges) }
  checkPresumed(hold)
  const charges = hold.isOver || hold.left.calls === 0n ? openCharges(gate, hold) : []
  const outcome = charges.length === 0 ? settle(gate, id, settlement) : resolveRest(gate, hold, settlement, charges)
  const booked = outcome.charges ?? (outcome.charge === null ? [] : [outcome.charge])
  hold.told = [...hold.told, { ...said, charges: booked }]
  gate.rows.touchHold(hold)
  return outcome
}

/** What is missing of calls that are booked is a correction of their charges. */
function resolveRest(gate: Gate, hold: Hold, settlement: Settlement, charges: ReturnType<typeof openCharges>): HoldOutcome {
  const answer = answerTo(hold, settlement)
  if (answer.adds.cost && hold.lacking.length >= maxLacking && hold.unpriced > withoutPrice(charges).length) throw tooManyUnpriced(hold)
  const corrections = restOfCalls(hold, charges, answer)
  const overrun: Overrun[] = []
  for (const draft of corrections) {
    gate.bookHeld({ draft, onExisting: 'same', ignore: [] }, takeOut(gate, hold, draft, overrun))
    addSpent(gate, hold, draft)
  }
  // Of a hold that ran out nobody had said anything yet.
  if (!hold.isOver) hold.uncertain = ['cost', 'tokens']
  hold.isOver = true
  becomesKnown(hold, answer.adds)
  finish(gate, hold, 'settled')
  const [first] = corrections
  if (first !== undefined) tellOverrun(gate, hold, first, overrun)
  return { ...outcomeOf(hold), ...chargesOf(corrections.map(({ id }) => id)), overrun }
}

function chargesOf(ids: readonly string[]): Pick<HoldOutcome, 'charge' | 'charges'> {
  return { charge: ids[0] ?? null, ...(ids.length > 1 && { charges: ids }) }
}

type Missing = 'cost' | 'tokens'

/** What of an answer was not known. @throws PURSER_BAD_ARGUMENT, PURSER_ID_CONFLICT */
function answerTo(hold: Hold, settlement: Settlement): Answer {
  const { draft, otherParts = [] } = settlement
  if (draft.part !== null || otherParts.length > 0) {
    throw new PurserError('PURSER_BAD_ARGUMENT', `Whom the calls of the hold "${hold.id}" serve is booked already; leave "serves" out.`)
  }
  const said = sayingOf(settlement)
  const open = (metric: Missing): boolean => !hold.isOver || isOpen(hold, metric)
  const adds = { cost: open('cost') && hasPrice(draft), tokens: open('tokens') && said.isMeasured }
  const costTold = hold.told.find(({ cost }) => cost !== null)?.cost ?? null
  if (said.cost !== null && said.cost !== 0n && said.cost !== costTold && !open('cost')) throw otherAnswer(hold, 'cost')
  const isPricedBy = adds.cost && said.cost === null
  if (quantities(said.usage).length > 0 && !open('tokens') && !isPricedBy && !hold.told.some((each) => isSameUsage(each, said))) {
    throw otherAnswer(hold, 'tokens')
  }
  const missing = missingOf(hold)
  // Where no budget presumes anything any more, whatever is said is welcome.
  const answers = missing.length === 0 ? adds.cost || adds.tokens : missing.some((metric) => adds[metric])
  if (!answers) throw otherAnswer(hold, said.cost === null ? 'tokens' : 'cost')
  return { call: draft, adds }
}

function isOpen({ unpriced, unmeasured, uncertain }: Hold, metric: Missing): boolean {
  return uncertain.includes(metric) || (metric === 'cost' ? unpriced : unmeasured) > 0
}

/** @throws PURSER_BAD_ARGUMENT, PURSER_ID_CONFLICT, PURSER_HOLD_ENDED */
function checkPresumed(hold: Hold): void {
  const { id, state, told } = hold
  if (state === 'open') throw stillOpen(hold)
  if (!isEnded(hold)) return
  if (told.length > 0) throw saidBefore(hold, told)
  const what =
    state === 'released' ? 'is released: nothing of it was spent' : 'is settled: what it came to is booked, and nothing of it is presumed'
  throw new PurserError('PURSER_HOLD_ENDED', `The hold "${id}" ${what}, so there is nothing to resolve.`)
}

/** What budgets presume of a hold. */
function missingOf({ shares }: Hold): Missing[] {
  return (['cost', 'tokens'] as const).filter((each) => shares.some(({ metric, worst }) => metric === each && worst > 0n))
}

/** An answer that says nothing of what is missing: it was said before, or was never missing. */
function otherAnswer(hold: Hold, metric: Missing): PurserError {
  const before = hold.told.filter(({ cost, isMeasured }) => (metric === 'cost' ? cost !== null : isMeasured))
  if (before.length > 0) return saidBefore(hold, before)
  const known = metric === 'cost' ? 'What its calls cost is known' : 'What its calls used is known'
  const missing = missingOf(hold)
  const ways = (missing.length === 0 ? (['cost', 'tokens'] as const) : missing).map((each) =>
    each === 'cost' ? 'what they cost (--cost USD)' : 'what they used (--usage inputTokens=…)',
  )
  const first = missing.includes(metric) ? '' : `${known}, or nothing of it is presumed. `
  return new PurserError(
    'PURSER_BAD_ARGUMENT',
    `The answer leaves open what is presumed of the hold "${hold.id}". ${first}Say ${ways.join(' or ')}. Nothing was booked.`,
  )
}

function tooManyUnpriced({ id, unpriced }: Hold): PurserError {
  return new PurserError(
    'PURSER_BAD_ARGUMENT',
    `${unpriced} calls of the hold "${id}" have no price, more than one cost can be shared out to. Give their model a price and run \`purser reprice --apply\`.`,
  )
}
