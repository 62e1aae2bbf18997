import type { Model, ModelCharge, ModelHold } from './model.ts'
import {
  type Expected,
  finish,
  lapse,
  learnOf,
  settle,
  type SettledCharge,
  spend,
  takeWhereNotCounted,
  tellOverrun,
} from './model-holds.ts'
import { deal } from './model-parts.ts'

/** What somebody says that a hold came to: a cost, tokens, or both. */
export interface Said {
  readonly charge: SettledCharge
  /** Null where no cost is said. */
  readonly cost: bigint | null
}

/**
 * Says what is presumed of a hold: a charge of its own where no call of it is booked or others may have been made, else the
 * rest of what is booked, as corrections. The same said again changes nothing.
 */
export function resolve(model: Model, id: string, { charge, cost }: Said, order: { next: number }): Expected {
  const hold = model.holds.get(id)
  if (hold === undefined) return error('PURSER_NOT_FOUND')
  lapse(model)
  const costText = cost === null ? null : String(cost)
  const usage = charge.isMeasured ? `${charge.otherTokens} ${charge.cacheReads}` : null
  const said = `${costText} ${usage}`
  const before = hold.told.find((each) => each.said === said)
  if (before !== undefined) return { kind: 'outcome', hold, charge: before.charge, overrun: new Map() }
  if (hold.state === 'open') return error('PURSER_BAD_ARGUMENT')
  if (hold.state !== 'presumed') return error(hold.told.length > 0 ? 'PURSER_ID_CONFLICT' : 'PURSER_HOLD_ENDED')
  const about = hold.isOver || hold.left.calls === 0n ? chargesAbout(model, hold) : []
  const told = (first: string | null): void => void hold.told.push({ said, cost: costText, usage, charge: first })
  if (about.length === 0) {
    const settled = settle(model, id, [{ part: charge, more: {} }], 'final', order)
    if (settled.kind === 'outcome') told(settled.charge)
    return settled
  }
  const isOpen = { cost: !hold.isOver || isMissing(hold, 'cost'), tokens: !hold.isOver || isMissing(hold, 'tokens') }
  const adds = { cost: isOpen.cost && cost !== null, tokens: isOpen.tokens && charge.isMeasured }
  const refusal = refusalOf(model, hold, { costText, usage, isOpen, adds }, charge)
  if (refusal !== undefined) return error(refusal)
  const overrun = new Map<string, bigint>()
  const corrections = correctionsOf(model, hold, about, { charge, adds })
  for (const correction of corrections) {
    const booked = { ...correction, order: ++order.next }
    spend(model, hold, booked, overrun)
    takeWhereNotCounted(model, hold, booked)
  }
  if (!hold.isOver) hold.uncertain = ['cost', 'tokens']
  hold.isOver = true
  for (const metric of ['cost', 'tokens'] as const) if (adds[metric]) learnOf(hold, metric)
  finish(model, hold, 'settled')
  tellOverrun(model, hold, overrun)
  const first = corrections[0]?.id ?? null
  told(first)
  return { kind: 'outcome', hold, charge: first, overrun }
}

interface Answered {
  readonly costText: string | null
  readonly usage: string | null
  readonly isOpen: Readonly<Record<'cost' | 'tokens', boolean>>
  readonly adds: Readonly<Record<'cost' | 'tokens', boolean>>
}

/** An answer must say something that is presumed, and nothing else than what is known. */
function refusalOf(
  model: Model,
  hold: ModelHold,
  { costText, usage, isOpen, adds }: Answered,
  { cost, otherTokens, cacheReads }: SettledCharge,
): string | undefined {
  const was = (metric: 'cost' | 'usage'): string | null => hold.told.find((each) => each[metric] !== null)?.[metric] ?? null
  const code = (metric: 'cost' | 'usage'): string => (was(metric) === null ? 'PURSER_BAD_ARGUMENT' : 'PURSER_ID_CONFLICT')
  if (costText !== null && cost !== 0n && !isOpen.cost && costText !== was('cost')) return code('cost')
  if (otherTokens + cacheReads > 0n && !isOpen.tokens && !hold.told.some((each) => each.usage === usage)) return code('usage')
  const presumed = hold.setAside.filter(({ revision, worst }) => worst > 0n && model.budgets.some((each) => each.revision === revision))
  const missing = (['cost', 'tokens'] as const).filter((metric) => presumed.some((each) => each.metric === metric))
  const answers = missing.length === 0 ? adds.cost || adds.tokens : missing.some((metric) => adds[metric])
  return answers ? undefined : code(costText === null ? 'usage' : 'cost')
}

function isMissing(hold: ModelHold, metric: 'cost' | 'tokens'): boolean {
  return hold.uncertain.includes(metric) || (metric === 'cost' ? hold.unpriced : hold.unmeasured) > 0
}

/** What the answer is about, as far as it is still booked: an import may have been taken out. */
function chargesAbout(model: Model, { lacking, lastCharge }: ModelHold): ModelCharge[] {
  const ids = lacking.length > 0 ? lacking : [lastCharge]
  return ids.flatMap((id) => model.charges.find((charge) => charge.id === id) ?? [])
}

/** A cost goes in equal shares to the calls without one, tokens to the last call that says none; else both to the last of all. */
function correctionsOf(
  model: Model,
  hold: ModelHold,
  about: readonly ModelCharge[],
  { charge, adds }: { readonly charge: SettledCharge; readonly adds: Answered['adds'] },
): ModelCharge[] {
  const isUnpriced = (each: ModelCharge): boolean => chainOf(model, each).reduce((sum, { unpriced }) => sum + unpriced, 0) > 0
  const isUnmeasured = (each: ModelCharge): boolean => chainOf(model, each).every(({ isMeasured }) => !isMeasured)
  const unpriced = hold.unpriced > 0 ? callsOf(about.filter(isUnpriced)) : []
  const unmeasured = hold.unmeasured > 0 ? callsOf(about.filter(isUnmeasured)) : []
  const last = callsOf(about).slice(-1)
  const costs = adds.cost ? (unpriced.length > 0 ? unpriced : last) : []
  const [counted] = adds.tokens ? (unmeasured.length > 0 ? unmeasured : last).slice(-1) : []
  const shares = deal(
    charge.cost,
    costs.map(() => 1n),
  )
  const targets = new Map(costs.map((parts, index) => [nameOf(parts), { parts, cost: shares[index] ?? 0n, isCounted: false }]))
  if (counted !== undefined) targets.set(nameOf(counted), { parts: counted, cost: 0n, ...targets.get(nameOf(counted)), isCounted: true })
  return [...targets.values()].flatMap(({ parts, cost, isCounted }) =>
    parts.flatMap((original): ModelCharge[] => {
      const [cacheReads, otherTokens] = isCounted ? [charge.cacheReads, charge.otherTokens] : [0n, 0n]
      const difference = {
        cost: shareOf(original, cost),
        cacheReads: shareOf(original, cacheReads),
        otherTokens: shareOf(original, otherTokens),
        unpriced: costs.includes(parts) && isUnpriced(original) ? -1 : 0,
      }
      const { cacheReads: reads, otherTokens: others } = difference
      if (difference.cost === 0n && difference.unpriced === 0 && reads + others === 0n) return []
      const id = `${original.id}~${chainOf(model, original).length}`
      const isMeasured = reads + others > 0n
      return [{ ...original, ...difference, id, isMeasured, calls: 0n, batch: null, corrects: original.id, seq: undefined }]
    }),
  )
}

/** The charges of each call: one, or those of its parts. */
function callsOf(charges: readonly ModelCharge[]): ModelCharge[][] {
  return [...Map.groupBy(charges, (charge) => nameOf([charge])).values()]
}

function nameOf([first]: readonly ModelCharge[]): string {
  return first?.id.replace(/#.*/, '') ?? ''
}

/** What of an amount is that of a part, by its weight. */
function shareOf({ place }: ModelCharge, amount: bigint): bigint {
  return place === null ? amount : (deal(amount, place.weights)[place.index] ?? 0n)
}

function chainOf(model: Model, { id }: ModelCharge): ModelCharge[] {
  return model.charges.filter((each) => each.id === id || each.corrects === id)
}

function error(code: string): Expected {
  return { kind: 'error', code }
}
