import { PurserError } from '../errors.ts'
import { quantities } from '../usage/usage.ts'
import { formatAmount } from './amount-text.ts'
import { hasPrice, hasUsage } from './count-charge.ts'
import { finish } from './end-hold.ts'
import { findHold, type HoldOutcome, isEnded, outcomeOf, stillOpen } from './find-hold.ts'
import type { Gate } from './gate.ts'
import type { Hold, HoldId, Told } from './hold.ts'
import { type Answer, openCharges, restOfCalls, withoutPrice } from './rest-of-calls.ts'
import { becomesKnown, settle, type Settlement } from './settle.ts'
import { addSpent, type Overrun, takeOut, tellOverrun } from './take-out.ts'

/**
 * Says what a hold that is presumed spent came to. Where calls of it are booked, what is said is the rest of them, and a
 * correction of their charges; else it is the call itself. To say the same again books nothing.
 * @throws PURSER_NOT_FOUND; PURSER_BAD_ARGUMENT where the hold is open, or nothing that is presumed would be answered;
 * PURSER_ID_CONFLICT where something else was said before; PURSER_HOLD_ENDED where nothing is presumed any more
 */
export function resolve(gate: Gate, id: HoldId, settlement: Settlement): HoldOutcome {
  const hold = findHold(gate, id)
  gate.lapse()
  const said = toldBy(settlement)
  const before = hold.told.find((each) => isSame(each, said))
  if (before !== undefined) return { ...outcomeOf(hold), charge: before.charge }
  checkPresumed(hold)
  const charges = hold.isOver || hold.left.calls === 0n ? openCharges(gate, hold) : []
  const outcome = charges.length === 0 ? settle(gate, id, settlement) : resolveRest(gate, hold, settlement, charges)
  hold.told = [...hold.told, { ...said, charge: outcome.charge }]
  gate.rows.touchHold(hold)
  return outcome
}

/** What is missing of calls that are booked is a correction of their charges. */
function resolveRest(gate: Gate, hold: Hold, settlement: Settlement, charges: ReturnType<typeof openCharges>): HoldOutcome {
  const answer = answerTo(hold, settlement)
  if (answer.adds.cost && hold.unpriced > withoutPrice(charges).length) throw tooManyUnpriced(hold)
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
  return { ...outcomeOf(hold), charge: first?.id ?? null, overrun }
}

function toldBy({ draft, isMeasured }: Settlement): Omit<Told, 'charge'> {
  return { cost: draft.statedNanos ?? draft.reportedNanos, usage: draft.usage, isMeasured: isMeasured ?? hasUsage(draft) }
}

function isSame(a: Omit<Told, 'charge'>, b: Omit<Told, 'charge'>): boolean {
  return a.cost === b.cost && a.isMeasured === b.isMeasured && JSON.stringify(quantities(a.usage)) === JSON.stringify(quantities(b.usage))
}

type Missing = 'cost' | 'tokens'

/** What of an answer was not known. @throws PURSER_BAD_ARGUMENT, PURSER_ID_CONFLICT */
function answerTo(hold: Hold, settlement: Settlement): Answer {
  const { draft, otherParts = [] } = settlement
  if (draft.part !== null || otherParts.length > 0) {
    throw new PurserError('PURSER_BAD_ARGUMENT', `Whom the calls of the hold "${hold.id}" serve is booked already; leave "serves" out.`)
  }
  const said = toldBy(settlement)
  const open = (metric: Missing): boolean => !hold.isOver || isOpen(hold, metric)
  const adds = { cost: open('cost') && hasPrice(draft), tokens: open('tokens') && said.isMeasured }
  const costTold = hold.told.find(({ cost }) => cost !== null)?.cost ?? null
  if (said.cost !== null && said.cost !== 0n && said.cost !== costTold && !open('cost')) throw otherAnswer(hold, 'cost')
  const isPricedBy = adds.cost && said.cost === null
  if (quantities(said.usage).length > 0 && !open('tokens') && !isPricedBy && !hold.told.some((each) => isSameUsage(each, said))) {
    throw otherAnswer(hold, 'tokens')
  }
  const answers = hold.shares.some(({ metric, worst }) => worst > 0n && (metric === 'cost' || metric === 'tokens') && adds[metric])
  if (!answers) throw otherAnswer(hold, said.cost === null ? 'tokens' : 'cost')
  return { call: draft, adds }
}

function isOpen({ unpriced, unmeasured, uncertain }: Hold, metric: Missing): boolean {
  return uncertain.includes(metric) || (metric === 'cost' ? unpriced : unmeasured) > 0
}

function isSameUsage(a: Omit<Told, 'charge'>, b: Omit<Told, 'charge'>): boolean {
  return isSame({ ...a, cost: null }, { ...b, cost: null })
}

/** @throws PURSER_BAD_ARGUMENT, PURSER_ID_CONFLICT, PURSER_HOLD_ENDED */
function checkPresumed(hold: Hold): void {
  const { id, state, told } = hold
  if (state === 'open') throw stillOpen(hold)
  if (!isEnded(hold)) return
  if (told.length > 0) throw conflict(hold, told)
  const what =
    state === 'released' ? 'is released: nothing of it was spent' : 'is settled: what it came to is booked, and nothing of it is presumed'
  throw new PurserError('PURSER_HOLD_ENDED', `The hold "${id}" ${what}, so there is nothing to resolve.`)
}

/** An answer that says nothing of what is missing: it was said before, or was never missing. */
function otherAnswer(hold: Hold, metric: Missing): PurserError {
  const before = hold.told.filter(({ cost, isMeasured }) => (metric === 'cost' ? cost !== null : isMeasured))
  if (before.length > 0) return conflict(hold, before)
  const known = metric === 'cost' ? 'What its calls cost is known' : 'What its calls used is known'
  const missing = (['cost', 'tokens'] as const).filter((each) => hold.shares.some(({ metric: of, worst }) => of === each && worst > 0n))
  const ways = missing.map((each) => (each === 'cost' ? 'what they cost (--cost USD)' : 'what they used (--usage inputTokens=…)'))
  const first = missing.includes(metric) ? '' : `${known}, or nothing of it is presumed. `
  return new PurserError(
    'PURSER_BAD_ARGUMENT',
    `The answer leaves open what is presumed of the hold "${hold.id}". ${first}Say ${ways.join(' or ')}. Nothing was booked.`,
  )
}

function conflict({ id }: Hold, told: readonly Told[]): PurserError {
  return new PurserError(
    'PURSER_ID_CONFLICT',
    `What is left of the hold "${id}" was said before: ${told.map(toldText).join(', and ')}. That stands, and nothing was booked.`,
  )
}

function toldText({ cost, usage }: Told): string {
  const used = quantities(usage).map(([meter, quantity]) => `${meter}=${quantity}`)
  return [...(cost === null ? [] : [formatAmount('cost', cost)]), ...used].join(' ') || 'nothing was used'
}

function tooManyUnpriced({ id, unpriced }: Hold): PurserError {
  return new PurserError(
    'PURSER_BAD_ARGUMENT',
    `${unpriced} calls of the hold "${id}" have no price, more than one cost can be shared out to. Give their model a price and run \`purser reprice --apply\`.`,
  )
}
