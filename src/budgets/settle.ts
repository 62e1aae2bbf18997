import { assertSameCall, comparedFields, type ComparedField, differingField } from '../ledger/correction.ts'
import type { ChargeDraft } from '../ledger/draft-charge.ts'
import { parseLabels } from '../ledger/labels.ts'
import { wholeOf as wholeCall } from '../ledger/split-call.ts'
import { hasPrice, hasUsage } from './count-charge.ts'
import { finish } from './end-hold.ts'
import { ended, findHold, type HoldOutcome, isEnded, outcomeOf } from './find-hold.ts'
import type { CauseOf, Gate } from './gate.ts'
import type { Hold, HoldId } from './hold.ts'
import { originOf } from './limiting-hold.ts'
import { wholeOf } from './raise.ts'
import { addCharge, addLacking, type Overrun, takeOut, tellOverrun } from './take-out.ts'

/**
 * What becomes of a hold with its charge. `partial`: it stays open with what is left. `final`: what is left is given
 * back. `uncertain`: the call was cut, so what is left stays presumed in strict budgets and is given back in others.
 * `partial-uncertain`: one of several calls was cut, so the same is done when the hold ends.
 */
export type Settling = 'partial' | 'partial-uncertain' | 'final' | 'uncertain'

/**
 * The charge that a call came to, without the labels, which are those of its hold. Of a call that serves several it is the
 * first part, each with the labels that it adds to those of the hold.
 */
export interface Settlement {
  readonly draft: ChargeDraft
  readonly otherParts?: readonly ChargeDraft[] | undefined
  /** Fields that the caller left to purser, which a second try need not repeat. */
  readonly ignore: readonly (keyof ChargeDraft)[]
  readonly settling: Settling
  /** Whether the caller left the basis open, which is then that of the hold. */
  readonly takesBasis?: boolean | undefined
  /** Whether the caller said what was used, be it nothing; where that is left out, a usage that is there says so. */
  readonly isMeasured?: boolean | undefined
}

/**
 * Books the charge of a hold and takes its amounts out of what was held. Also where the hold ran out before: then the
 * presumed money becomes what was spent.
 * @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED, and PURSER_ID_CONFLICT for the same charge with other content.
 */
export function settle(gate: Gate, id: HoldId, settlement: Settlement): HoldOutcome {
  const { otherParts: others = [], ignore, settling, takesBasis } = settlement
  const hold = findHold(gate, id)
  const charge = heldCharge(hold, settlement.draft, takesBasis)
  const otherParts = others.map((each) => heldCharge(hold, each, takesBasis))
  const charges = [charge, ...otherParts]
  const isMeasured = settlement.isMeasured ?? hasUsage(charge)
  const booking = { draft: charge, ...(otherParts.length > 0 && { otherParts }), ignore }
  if (isEnded(hold) && gate.rows.load.charge(charge.id)?.hold !== hold.id) throw ended(hold, 'settled')
  gate.lapse()
  const overrun: Overrun[] = []
  const booked = gate.bookHeld({ ...booking, onExisting: 'duplicate' }, takeOut(gate, hold, charge, overrun))
  let differs: ComparedField | undefined
  if (booked.outcome === 'booked') for (const each of charges) addCharge(gate, hold, each, isMeasured)
  else if (gate.rows.load.charge(charge.id)?.hold === null) differs = comparedUnheld(gate, charge)
  // Under a hold it must be this one, and the same call.
  else gate.effects.book({ ...booking, onExisting: 'same' })
  if (isEnded(hold)) return { ...outcomeOf(hold), charge: booked.id }
  gate.rows.touchHold(hold)
  if (settling === 'uncertain' || settling === 'partial-uncertain') markUncertain(gate, hold, ['cost', 'tokens'], charges)
  if (settling === 'final') conclude(gate, hold, { hasPrice: hasPrice(charge), isMeasured })
  if (settling === 'uncertain') finish(gate, hold, 'settled')
  tellOverrun(gate, hold, charge, overrun)
  return { ...outcomeOf(hold), charge: booked.id, overrun, ...(differs !== undefined && { differs }) }
}

/** What two records of one call must agree in, whoever made them. */
const factsOfCall: ReadonlySet<ComparedField> = new Set(['provider', 'model', 'usage', 'statedNanos', 'reportedNanos'])
const otherFields = comparedFields.filter((field) => !factsOfCall.has(field))

/**
 * Somebody booked the call without its hold. An import may tell of it in other words, which its charge says and which stand;
 * a record that says something else is of another call.
 * @throws PURSER_ID_CONFLICT
 */
function comparedUnheld(gate: Gate, charge: ChargeDraft): ComparedField | undefined {
  const original = gate.rows.load.charge(charge.id)
  if (original === undefined) return undefined
  // How a call is split among those that it serves is none of its facts.
  const [was, is] = [wholeCall(original), wholeCall(charge)]
  if (original.batch === null) assertSameCall(was, is, otherFields)
  return differingField(was, is, otherFields)
}

/**
 * Settles a hold by a record of its call that comes without `settle`, such as an import of the provider's own: `count`
 * counts the charge as spent once the hold has made room for it. A hold that ran out is over with it, and of the parts of one
 * call, which come one after the other, the last ends it. One that is open stays so with what is left, as nobody can say
 * whether another call of it is under way.
 */
export function settleByRecord(gate: Gate, hold: Hold, charge: ChargeDraft, count: (causeOf: CauseOf) => void): void {
  const overrun: Overrun[] = []
  const { part, outcome } = charge
  count(takeOut(gate, hold, charge, overrun))
  addCharge(gate, hold, charge)
  if (hold.state === 'presumed') {
    if (part === null || part.index === part.weights.length) {
      conclude(gate, hold, { hasPrice: hasPrice(charge), isMeasured: hasUsage(charge) })
    }
  } else if (outcome === 'cut' || outcome === 'aborted' || outcome === 'timeout') markUncertain(gate, hold, ['cost', 'tokens'], [charge])
  tellOverrun(gate, hold, charge, overrun)
}

/** A part that had some of a metric and has nothing left of it cannot keep what is uncertain; then what it comes from does. */
function markUncertain(gate: Gate, hold: Hold, metrics: readonly ('cost' | 'tokens')[], charges: readonly ChargeDraft[]): void {
  hold.uncertain = [...new Set([...hold.uncertain, ...metrics])]
  for (const { id } of charges) addLacking(hold, id)
  gate.rows.touchHold(hold)
  const origin = originOf(gate, hold)
  const passedOn = metrics.filter((metric) => (wholeOf(hold, metric) ?? 0n) > 0n && hold.left[metric] === 0n)
  if (origin?.state === 'open' && passedOn.length > 0) markUncertain(gate, origin, passedOn, charges)
}

/** Ends a hold; one whose calls are over already is told by an answer what was missing of them. */
function conclude(gate: Gate, hold: Hold, answer: { readonly hasPrice: boolean; readonly isMeasured: boolean }): void {
  if (hold.isOver) becomesKnown(hold, { cost: answer.hasPrice, tokens: answer.isMeasured })
  finish(gate, hold, 'settled')
}

/** Somebody has said what was missing of the calls of a hold. */
export function becomesKnown(hold: Hold, { cost, tokens }: { readonly cost: boolean; readonly tokens: boolean }): void {
  if (cost) hold.unpriced = 0
  if (tokens) hold.unmeasured = 0
  hold.uncertain = hold.uncertain.filter((metric) => !(metric === 'cost' ? cost : tokens))
}

/**
 * The charge carries the labels of its hold, a part of a call also those of whom it serves, and was not made before the hold.
 * `takesBasis`: nobody said how it is paid for, so it is as the hold was.
 */
export function heldCharge(hold: Hold, draft: ChargeDraft, takesBasis = false): ChargeDraft {
  const { labels: held, basis } = hold.asked
  const labels = draft.part === null ? held : parseLabels({ ...draft.labels, ...held })
  const takes = takesBasis && basis !== 'metered'
  return { ...draft, labels, hold: hold.id, at: Math.max(draft.at, hold.reservedAt), ...(takes && { basis }) }
}
