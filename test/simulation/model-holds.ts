import type { Metric, Mode } from '../../src/budgets/budget.ts'
import type { DenialKind } from '../../src/budgets/denial.ts'
import type { Asked } from '../../src/budgets/hold.ts'
import type { Settling } from '../../src/budgets/settle.ts'
import type { Labels } from '../../src/ledger/charge.ts'
import {
  amountOf,
  applies,
  keyOf,
  type Model,
  type ModelBudget,
  type ModelCharge,
  type ModelHold,
  scopeOf,
  standsFor,
  type SetAside,
} from './model.ts'
import { changing, counting, type Place, relieve, startOf } from './model-counting.ts'
import { addAside, asideOf, decide, type Decision, type Demand, demandsOf, sampleKey, tellDenials } from './model-deciding.ts'
import { limitingHold } from './model-limiting.ts'

/** What an operation on holds should answer. */
export type Expected =
  | { readonly kind: 'grant'; readonly hold: ModelHold; readonly decision?: Decision }
  | { readonly kind: 'denial'; readonly decision: Decision }
  | { readonly kind: 'parent-denial'; readonly parent: string; readonly metric: Metric; readonly why: DenialKind }
  | { readonly kind: 'error'; readonly code: string }
  | { readonly kind: 'outcome'; readonly hold: ModelHold; readonly charge: string | null; readonly overrun: ReadonlyMap<string, bigint> }

const wholeUsage = { countsPlan: true, countsCacheReads: true }

export function reserve(model: Model, id: string, asked: Asked): Expected {
  lapse(model)
  const known = model.holds.get(id)
  if (known !== undefined) return knownGrant(known)
  const demands = demandsOf(model, asked, model.now)
  const decision = decide(model, demands, asked.labels['run'])
  if (decision.refusals.length > 0) {
    tellDenials(model, decision.refusals)
    return { kind: 'denial', decision }
  }
  const hold = newHold(model, id, asked, null, model.now, decision, demands)
  setAside(model, hold, demands)
  return { kind: 'grant', hold, decision }
}

/** The same id gets the same grant, as long as its hold is open. */
export function knownGrant(hold: ModelHold): Expected {
  return hold.state === 'open' ? { kind: 'grant', hold } : { kind: 'error', code: 'PURSER_HOLD_ENDED' }
}

export function newHold(
  model: Model,
  id: string,
  asked: Asked,
  parent: string | null,
  reservedAt: number,
  { letThrough }: Decision,
  demands: readonly Demand[],
): ModelHold {
  const learning = demands.filter(({ budget, scope, worst }) => worst !== null && model.terms(budget, scope).mode === 'adaptive')
  const hold: ModelHold = {
    id,
    asked,
    parent,
    reservedAt,
    expiresAt: model.now + asked.ttlMs,
    state: 'open',
    setAside: [],
    left: { ...asked.worst },
    spent: {},
    charges: 0,
    unpriced: 0,
    unmeasured: 0,
    uncertain: [],
    lacking: [],
    lastCharge: null,
    told: [],
    isOver: false,
    warnings: letThrough.map(({ demand }) => demand.budget.budget.name),
    given: Object.fromEntries(learning.map(({ budget, expected }) => [budget.budget.metric, expected])),
  }
  return hold
}

export function setAside(model: Model, hold: ModelHold, demands: readonly Demand[]): void {
  const places = demands.filter(({ worst }) => worst !== null && worst > 0n)
  const causeOf = ({ budget, scope }: Place): string => {
    const { mode, onLimit } = model.terms(budget, scope)
    return mode === 'soft' || onLimit === 'warn' ? 'soft' : 'running-run'
  }
  changing(model, places, causeOf, () => {
    model.addHold(hold)
    for (const demand of demands) addAside(hold, demand, demand.budget.budget.metric)
  })
}

/** Holds that ran out are presumed spent; their places are given back. */
export function lapse(model: Model): void {
  const due = model.unresolved().filter(({ state, expiresAt }) => state === 'open' && expiresAt <= model.now)
  for (const hold of due.toSorted((a, b) => a.expiresAt - b.expiresAt)) lapseHold(model, hold)
}

/** What one for parts gives back goes to the hold that it comes from, unless that ran out too. */
function lapseHold(model: Model, hold: ModelHold): void {
  if (hold.state !== 'open' || hold.expiresAt > model.now) return
  const origin = parentOf(model, hold)
  if (hold.asked.isForParts === true && origin !== undefined) lapseHold(model, origin)
  model.events.push({ kind: 'hold.lapsed', hold: hold.id })
  if (hold.asked.isForParts === true) finish(model, hold, 'released')
  else presume(model, hold)
}

function presume(model: Model, hold: ModelHold): void {
  hold.state = 'presumed'
  giveBack(model, hold, ({ metric }) => metric === 'concurrency')
  hold.setAside = hold.setAside.filter(({ worst }) => worst > 0n)
  for (const aside of hold.setAside) aside.expected = 0n
}

/** Frees what a hold keeps in some of its counters. */
function giveBack(model: Model, hold: ModelHold, isGiven: (aside: SetAside) => boolean): void {
  const given = hold.setAside.filter(isGiven)
  hold.setAside = hold.setAside.filter((aside) => !isGiven(aside))
  for (const aside of given) {
    const budget = model.budgets.find(({ revision }) => revision === aside.revision)
    if (budget !== undefined) relieve(model, { budget, scope: aside.scope, at: hold.reservedAt })
  }
}

/** The charge of a held call, without what the hold says: its labels, its windows. */
export type SettledCharge = Omit<ModelCharge, 'labels' | 'countedAt' | 'hold' | 'corrects' | 'batch' | 'order' | 'seq'>

/** One of the charges that a call comes to, and the labels that it adds to those of the hold. */
export interface SettledPart {
  readonly part: SettledCharge
  readonly more: Labels
}

export function settle(model: Model, id: string, parts: readonly SettledPart[], settling: Settling, order: { next: number }): Expected {
  const [charge] = parts.map(({ part }) => part) as [SettledCharge]
  const hold = model.holds.get(id)
  if (hold === undefined) return { kind: 'error', code: 'PURSER_NOT_FOUND' }
  if (hold.asked.isForParts === true) lapseHold(model, hold)
  const known = model.charges.find((each) => each.id === charge.id)
  const isEnded = hold.state === 'settled' || hold.state === 'released'
  if (isEnded && known?.hold !== id) return { kind: 'error', code: 'PURSER_HOLD_ENDED' }
  if (known !== undefined && known.hold !== null && known.hold !== id) {
    lapse(model)
    return { kind: 'error', code: 'PURSER_ID_CONFLICT' }
  }
  lapse(model)
  const overrun = new Map<string, bigint>()
  if (isEnded) return { kind: 'outcome', hold, charge: charge.id, overrun }
  // An import may tell of the call in other words; a record of other figures is of another call.
  if (known?.hold === null && known.batch === null && known.facts !== charge.facts) return { kind: 'error', code: 'PURSER_ID_CONFLICT' }
  if (known === undefined) {
    const own = {
      countedAt: hold.reservedAt,
      at: Math.max(charge.at, hold.reservedAt),
      hold: id,
      corrects: null,
      batch: null,
      seq: undefined,
    }
    const charges = parts.map(({ part, more }) => ({ ...part, ...own, labels: { ...more, ...hold.asked.labels }, order: ++order.next }))
    for (const each of charges) book(model, hold, each, overrun)
    for (const each of charges) takeWhereNotCounted(model, hold, each)
  }
  const ids = parts.map(({ part }) => part.id)
  if (settling.endsWith('uncertain')) markUncertain(model, hold, ['cost', 'tokens'], ids)
  if (settling === 'final') answerOver(hold, charge)
  if (!settling.startsWith('partial')) finish(model, hold, 'settled')
  tellOverrun(model, hold, overrun)
  return { kind: 'outcome', hold, charge: charge.id, overrun }
}

/** A record that names a hold takes out of it what it came to; it ends one that ran out, and leaves an open one open. */
export function settleByRecord(model: Model, hold: ModelHold, charge: ModelCharge, isCut: boolean): void {
  const overrun = new Map<string, bigint>()
  book(model, hold, charge, overrun)
  takeWhereNotCounted(model, hold, charge)
  if (hold.state === 'open') {
    if (isCut) markUncertain(model, hold, ['cost', 'tokens'], [charge.id])
  } else if (charge.place === null || charge.place.index === charge.place.weights.length - 1) {
    answerOver(hold, charge)
    finish(model, hold, 'settled')
  }
  tellOverrun(model, hold, overrun)
}

export function tellOverrun(model: Model, hold: ModelHold, overrun: ReadonlyMap<string, bigint>): void {
  if (overrun.size === 0) return
  model.events.push({ kind: 'hold.overrun', hold: hold.id, budgets: [...overrun].map(([budget, by]) => `${budget} ${by}`).toSorted() })
}

/**
 * What was cut may have come to more; where a part had some of a metric and has nothing left of it, that more is of the hold
 * it comes from.
 */
function markUncertain(model: Model, hold: ModelHold, metrics: readonly ('cost' | 'tokens')[], charges: readonly string[]): void {
  hold.uncertain = [...new Set([...hold.uncertain, ...metrics])]
  lacks(hold, charges)
  const origin = parentOf(model, hold)
  const passed = metrics.filter((metric) => (hold.asked.worst[metric] ?? 0n) > 0n && hold.left[metric] === 0n)
  if (origin?.state === 'open' && passed.length > 0) markUncertain(model, origin, passed, charges)
}

/** Only so many are remembered. */
function lacks(hold: ModelHold, charges: readonly string[]): void {
  for (const charge of charges) if (!hold.lacking.includes(charge) && hold.lacking.length < 100) hold.lacking.push(charge)
}

/** A last call says what was missing of a hold whose calls are over. */
function answerOver(hold: ModelHold, { unpriced, isMeasured }: Pick<ModelCharge, 'unpriced' | 'isMeasured'>): void {
  if (!hold.isOver) return
  if (unpriced === 0) learnOf(hold, 'cost')
  if (isMeasured) learnOf(hold, 'tokens')
}

/** Somebody says what was missing of a hold whose calls are over. */
export function learnOf(hold: ModelHold, metric: 'cost' | 'tokens'): void {
  hold.uncertain = hold.uncertain.filter((each) => each !== metric)
  if (metric === 'cost') hold.unpriced = 0
  else hold.unmeasured = 0
}

/** A charge of a hold: what it comes to, and what it leaves open. */
function book(model: Model, hold: ModelHold, charge: ModelCharge, overrun: Map<string, bigint>): void {
  spend(model, hold, charge, overrun)
  hold.charges += 1
  if (charge.unpriced === 1) hold.unpriced += 1
  if (!charge.isMeasured) hold.unmeasured += 1
  if (charge.unpriced === 1 || !charge.isMeasured) lacks(hold, [charge.id])
  hold.lastCharge = charge.id
}

/** What a charge or a correction comes to is taken out of what its hold keeps, and what is more than that is an overrun. */
export function spend(model: Model, hold: ModelHold, charge: ModelCharge, overrun: Map<string, bigint>): void {
  const causes = new Map<ModelBudget, string>()
  const payers = payersOf(model, hold)
  counting(
    model,
    charge,
    ({ budget }) => causes.get(budget) ?? null,
    () => {
      model.charges.push(charge)
      for (const budget of model.applying(charge.labels)) {
        if (charge.countedAt < budget.countsFrom) continue
        const amount = amountOf(budget.budget, charge)
        const { metric, ceiling } = budget.budget
        if (!isAsked(budget, hold, charge)) {
          causes.set(budget, 'unheld')
          continue
        }
        // What a record counts in another window than its hold was never held there.
        const isThere = startOf(budget, charge.countedAt) === startOf(budget, hold.reservedAt)
        const scope = scopeOf(budget.budget, charge.labels)
        const over = isThere ? pay(payers, amount, (payer) => asideOf(payer, { budget, scope })) : amount
        if (over > 0n) {
          const isUnpriced = hold.asked.refusal?.kind === 'unpriced' && metric === 'cost'
          const isPlan = hold.asked.basis === 'plan' && !budget.budget.countsPlan
          const isBounded = isPlan || hold.asked.worst[metric] !== undefined || (ceiling !== null && !isUnpriced)
          causes.set(budget, isBounded ? 'overrun' : 'soft')
          if (isBounded) overrun.set(budget.budget.name, (overrun.get(budget.budget.name) ?? 0n) + over)
        }
      }
    },
  )
  for (const metric of ['cost', 'tokens', 'calls'] as const) {
    const amount = amountOf({ ...wholeUsage, metric } as ModelBudget['budget'], charge)
    hold.spent[metric] = (hold.spent[metric] ?? 0n) + amount
    let rest = amount
    for (const payer of payers) {
      const left = payer.left[metric]
      if (left === undefined || rest <= 0n) continue
      payer.left[metric] = positive(left - rest)
      rest = positive(rest - left)
    }
  }
}

/** Who a call of a hold is paid by: the hold, and what that cannot pay, those that it comes from as long as they are open. */
function payersOf(model: Model, hold: ModelHold): ModelHold[] {
  const origin = parentOf(model, hold)
  // A record may come before anybody has noticed that the hold of its part ran out.
  if (origin?.state === 'open' && origin.expiresAt <= model.now) lapse(model)
  return origin?.state === 'open' ? [hold, ...payersOf(model, origin)] : [hold]
}

/** Takes an amount out of what each has set aside, one after the other; gives what is beyond all of it. */
function pay(payers: readonly ModelHold[], amount: bigint, asideIn: (payer: ModelHold) => SetAside | undefined): bigint {
  return payers.reduce((rest, payer) => {
    const aside = asideIn(payer)
    const before = aside?.worst ?? 0n
    take(aside, rest)
    return rest - (before - (aside?.worst ?? 0n))
  }, amount)
}

function take(aside: SetAside | undefined, amount: bigint): void {
  if (aside === undefined || amount <= 0n) return
  aside.worst -= least(amount, aside.worst)
  aside.expected -= least(amount, aside.expected)
}

/** Whether the hold was asked of the counter in which a charge counts, which labels of its own may take elsewhere. */
function isAsked(each: ModelBudget, { asked }: ModelHold, { labels }: ModelCharge): boolean {
  const { budget } = each
  return standsFor(each, asked) && applies(budget, asked.labels) && scopeOf(budget, asked.labels) === scopeOf(budget, labels)
}

/** Money that was spent elsewhere can no longer be spent where its hold, or one that this was split from, keeps it. */
export function takeWhereNotCounted(model: Model, hold: ModelHold, charge: ModelCharge): void {
  const counts = [...model.applying(charge.labels)].map((budget) => keyOf(scopeOf(budget.budget, charge.labels), budget.revision))
  const rests = new Map(counts.map((key) => [key, 0n]))
  for (let origin: ModelHold | undefined = hold; origin !== undefined; origin = parentOf(model, origin)) {
    for (const budget of model.askedOf(origin.asked)) {
      const scope = scopeOf(budget.budget, origin.asked.labels)
      const key = keyOf(scope, budget.revision)
      const rest = rests.get(key) ?? amountOf(budget.budget, charge)
      const isLast = origin !== hold && origin.state !== 'open'
      const over = pay([origin], rest, (payer) => asideOf(payer, { budget, scope }))
      rests.set(key, isLast ? 0n : over)
      if (rest > 0n) relieve(model, { budget, scope, at: origin.reservedAt })
    }
  }
}

function parentOf(model: Model, { parent }: ModelHold): ModelHold | undefined {
  return parent === null ? undefined : model.holds.get(parent)
}

export function release(model: Model, id: string, resolving = false): Expected {
  const hold = model.holds.get(id)
  if (hold === undefined) return { kind: 'error', code: 'PURSER_NOT_FOUND' }
  if (hold.state === 'settled')
    return { kind: 'error', code: resolving && hold.told.length > 0 ? 'PURSER_ID_CONFLICT' : 'PURSER_HOLD_ENDED' }
  lapse(model)
  const isWithoutAnswer = hold.state === 'open' || (hold.state === 'presumed' && hold.isOver && hold.uncertain.length === 0)
  if (resolving && isWithoutAnswer) return { kind: 'error', code: 'PURSER_BAD_ARGUMENT' }
  if (resolving) hold.uncertain = []
  const isThere = hold.state === 'presumed' || hold.state === 'open'
  if (isThere && (resolving || !hold.isOver)) finish(model, hold, 'released')
  return { kind: 'outcome', hold, charge: null, overrun: new Map() }
}

export function extend(model: Model, id: string, ttlMs: number): Expected {
  const hold = model.holds.get(id)
  if (hold === undefined) return { kind: 'error', code: 'PURSER_NOT_FOUND' }
  lapse(model)
  if (hold.state !== 'open') return { kind: 'error', code: 'PURSER_HOLD_ENDED' }
  hold.expiresAt = Math.max(hold.expiresAt, model.now + ttlMs)
  return { kind: 'outcome', hold, charge: null, overrun: new Map() }
}

/** What is left goes back to the hold that it was split from where that is open, else it is free. */
function close(model: Model, hold: ModelHold, state: 'settled' | 'released'): void {
  const origin = parentOf(model, hold)
  if (origin?.state === 'open') {
    for (const aside of hold.setAside) {
      const home = limitingHold(model, origin, aside.metric).setAside.find(
        ({ revision, scope }) => revision === aside.revision && scope === aside.scope,
      )
      if (home === undefined) continue
      home.worst += aside.worst
      // Nobody knows any more what was expected of what had run out.
      home.expected += hold.state === 'presumed' ? aside.worst : aside.expected
      aside.worst = 0n
      aside.expected = 0n
    }
    for (const metric of ['cost', 'tokens', 'calls'] as const) {
      const limiting = limitingHold(model, origin, metric)
      const left = limiting.left[metric]
      if (left !== undefined) limiting.left[metric] = left + (hold.left[metric] ?? 0n)
    }
  }
  hold.state = state
  giveBack(model, hold, () => true)
  hold.left = {}
}

/** What nobody knows stays presumed in hard budgets; the others get what is left back. */
export function finish(model: Model, hold: ModelHold, state: 'settled' | 'released'): void {
  hold.isOver = true
  const stays = (aside: SetAside): boolean => staysPresumed(model, hold, aside)
  if (!hold.setAside.some(stays)) {
    learn(model, hold)
    return close(model, hold, state)
  }
  giveBack(model, hold, (aside) => !stays(aside))
  if (hold.state === 'open') presume(model, hold)
}

function staysPresumed(model: Model, hold: ModelHold, { revision, scope, metric, worst }: SetAside): boolean {
  const budget = model.budgets.find((each) => each.revision === revision)
  return budget !== undefined && worst > 0n && isUnknown(hold, metric, model.terms(budget, scope).mode)
}

export function isUnknown(hold: ModelHold, metric: Metric, mode: Mode): boolean {
  if (mode === 'soft') return false
  const missing = { cost: hold.unpriced, tokens: hold.unmeasured, calls: 0, concurrency: 0 }[metric]
  return missing > 0 || (mode === 'strict' && hold.uncertain.includes(metric))
}

/** A correction has brought the price of a call; where nothing else is missing, nothing of its hold is presumed any longer. */
export function priceArrived(model: Model, id: string): void {
  const hold = model.holds.get(id)
  if (hold === undefined || hold.unpriced === 0) return
  hold.unpriced -= 1
  if (hold.unpriced > 0 || !hold.isOver || hold.state !== 'presumed') return
  if (hold.setAside.some((aside) => staysPresumed(model, hold, aside))) finish(model, hold, 'settled')
  else close(model, hold, 'settled')
}

/** Holds that came to something, and gave nothing away, are samples for the budgets that learn. */
function learn(model: Model, hold: ModelHold): void {
  const seen = new Set<string>()
  if (hold.charges === 0 || hold.uncertain.length > 0) return
  for (const budget of model.applying(hold.asked.labels)) {
    const { metric } = budget.budget
    const worst = hold.asked.worst[metric]
    const key = sampleKey(budget, hold.asked)
    const isAdaptive = model.terms(budget, scopeOf(budget.budget, hold.asked.labels)).mode === 'adaptive'
    if (!isAdaptive || (metric !== 'cost' && metric !== 'tokens') || worst === undefined || worst === 0n || seen.has(key)) continue
    if ((metric === 'cost' ? hold.unpriced : hold.unmeasured) > 0) continue
    const [spent, left] = [hold.spent[metric] ?? 0n, hold.left[metric] ?? 0n]
    if (spent + left < worst) continue
    seen.add(key)
    const share = Number((spent * 20n) / worst)
    model.learned.set(key, [...(model.learned.get(key) ?? []), Math.min(share, 20)])
  }
}

export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

export function positive(amount: bigint): bigint {
  return amount > 0n ? amount : 0n
}
