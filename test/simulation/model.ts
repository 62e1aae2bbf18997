import type { Budget, Metric, Terms } from '../../src/budgets/budget.ts'
import type { Asked, HoldState } from '../../src/budgets/hold.ts'
import { quarterMs, type Span, windowOf } from './windows.ts'

type Labels = Readonly<Record<string, string>>

/** A charge as the model remembers it; a correction carries differences. */
export interface ModelCharge {
  readonly id: string
  readonly at: number
  readonly countedAt: number
  readonly labels: Labels
  readonly isPlan: boolean
  readonly cost: bigint
  readonly cacheReads: bigint
  readonly otherTokens: bigint
  /** Whether it says what was used, so that its tokens are known. */
  readonly isMeasured: boolean
  readonly calls: bigint
  /** 1 where nobody knows its price, -1 where a correction brought one. */
  readonly unpriced: number
  readonly hold: string | null
  readonly batch: string | null
  /** What two records of the call must agree in, as text. */
  readonly facts: string
  /** Which part of its call it is, and the weights of all; null where it is the whole. */
  readonly place: { readonly index: number; readonly weights: readonly bigint[] } | null
  readonly corrects: string | null
  /** Its place in the order of all charges. */
  readonly order: number
  /** Its place in the ledger's order, as the store tells it; undefined until asked for. */
  seq: number | undefined
}

/** What a hold keeps from others in one counter of one budget. */
export interface SetAside {
  readonly revision: number
  readonly metric: Metric
  readonly scope: string
  expected: bigint
  worst: bigint
}

export interface ModelHold {
  readonly id: string
  readonly asked: Asked
  readonly parent: string | null
  readonly reservedAt: number
  readonly warnings: readonly string[]
  /** What was expected by budgets that learn, by metric. */
  readonly given: Partial<Record<Metric, bigint>>
  expiresAt: number
  state: HoldState
  setAside: SetAside[]
  left: Partial<Record<Metric, bigint>>
  spent: Partial<Record<Metric, bigint>>
  charges: number
  /** Charges of it that nobody has a price for yet. */
  unpriced: number
  /** Charges of it that say nothing of tokens. */
  unmeasured: number
  /** What a call that was cut may have used beyond what arrived. */
  uncertain: readonly Metric[]
  /** Charges that leave something open, as they were noticed, and the last charge of all. */
  lacking: string[]
  lastCharge: string | null
  /** What was said of what they leave open, and the first charge that was booked for it. */
  told: { readonly said: string; readonly cost: string | null; readonly usage: string | null; readonly charge: string | null }[]
  /** Whether its calls are over, and only what they came to is missing. */
  isOver: boolean
}

export interface ModelBudget {
  readonly revision: number
  readonly countsFrom: number
  budget: Budget
  /** Charges up to this place were booked before the budget was made; those after the position are not counted yet. */
  seeding: { readonly upToOrder: number; afterAt: number; afterSeq: number } | null
  /** By scope and start of window. */
  readonly causes: Map<string, string>
  readonly fired: Map<string, number>
  readonly denied: Set<string>
}

/** What a charge adds to a budget, and under which scope. */
interface Share {
  readonly scope: string
  readonly amount: bigint
  readonly unpriced: number
}

/** An event as the model foresees it: only what matters of it. */
export type ModelEvent = Readonly<Record<string, unknown>> & { readonly kind: string }

export interface Sums {
  readonly spent: bigint
  readonly expected: bigint
  readonly worst: bigint
  readonly presumed: bigint
  readonly unpriced: number
}

/**
 * The ledger as a plain list of charges and a plain list of holds. What is spent, held and presumed is added up anew each
 * time that somebody asks.
 */
export class Model {
  now = 0
  charges: ModelCharge[] = []
  readonly holds = new Map<string, ModelHold>()
  #unresolved: ModelHold[] = []
  /** What a charge comes to in a budget's revision never changes. */
  readonly #shares = new WeakMap<ModelCharge, Map<number, Share | undefined>>()
  budgets: ModelBudget[] = []
  /** Samples of how much of their worst case holds came to, in twentieths. */
  readonly learned = new Map<string, number[]>()
  events: ModelEvent[] = []

  /** All windows that a call of an instant is measured against: the window itself, and for a rolling one all that it spans now. */
  spanAt({ budget }: ModelBudget, at: number): Span {
    const { window, zone } = budget
    const own = windowOf(window, zone, at)
    if (window.kind !== 'rolling') return own
    const oldest = this.oldestSlice(window.hours)
    return own.start < oldest ? own : { start: oldest, end: null }
  }

  oldestSlice(hours: number): number {
    return Math.floor((this.now - hours * 4 * quarterMs) / quarterMs) * quarterMs
  }

  #share(budget: ModelBudget, charge: ModelCharge): Share | undefined {
    let shares = this.#shares.get(charge)
    if (shares === undefined) this.#shares.set(charge, (shares = new Map()))
    if (!shares.has(budget.revision)) {
      const isCounted = charge.countedAt >= budget.countsFrom && applies(budget.budget, charge.labels)
      const scope = scopeOf(budget.budget, charge.labels)
      const share = { scope, amount: amountOf(budget.budget, charge), unpriced: unpricedOf(budget.budget, charge) }
      shares.set(budget.revision, isCounted ? share : undefined)
    }
    return shares.get(budget.revision)
  }

  /** Holds that count somewhere. */
  unresolved(): ModelHold[] {
    this.#unresolved = this.#unresolved.filter(({ state }) => state === 'open' || state === 'presumed')
    return this.#unresolved
  }

  addHold(hold: ModelHold): void {
    this.holds.set(hold.id, hold)
    this.#unresolved.push(hold)
  }

  /** Ledger sums of a window, and the holds whose calls count in it. */
  sums(budget: ModelBudget, scope: string, { start, end }: Span): Sums {
    const isWithin = (at: number): boolean => at >= start && (end === null || at < end)
    let [spent, expected, worst, presumed, unpriced] = [0n, 0n, 0n, 0n, 0]
    for (const charge of this.charges) {
      if (!isWithin(charge.countedAt)) continue
      const share = this.#share(budget, charge)
      if (share?.scope !== scope || isStillToCount(budget, charge)) continue
      spent += share.amount
      unpriced += share.unpriced
    }
    for (const hold of this.unresolved()) {
      if (!isWithin(hold.reservedAt)) continue
      for (const aside of hold.setAside) {
        if (aside.revision !== budget.revision || aside.scope !== scope) continue
        if (hold.state === 'presumed') presumed += aside.worst
        else {
          expected += aside.expected
          worst += aside.worst
        }
      }
    }
    return { spent, expected, worst, presumed, unpriced }
  }

  /** Whether a charge counts in a budget, as far as the budget has come with what was booked before it. */
  isCounted(budget: ModelBudget, charge: ModelCharge): boolean {
    return this.#share(budget, charge) !== undefined && !isStillToCount(budget, charge)
  }

  /** The budgets that a hold is asked for: one for parts leaves those to its parts that tell them apart by labels of their own. */
  *askedOf(asked: Asked): Iterable<ModelBudget> {
    for (const each of this.applying(asked.labels)) if (standsFor(each, asked)) yield each
  }

  *applying(labels: Labels): Iterable<ModelBudget> {
    for (const budget of this.budgets) if (applies(budget.budget, labels)) yield budget
  }

  terms({ budget }: ModelBudget, scope: string): Terms {
    const override = budget.overrides.find(({ match }) => scopeOf(budget, match) === scope)
    const { limit, mode, tolerance, onLimit, thresholds } = { ...budget, ...override }
    return { limit, mode, tolerance, onLimit, thresholds }
  }

  bounds(budget: ModelBudget, scope: string): { readonly limit: bigint; readonly tolerance: bigint } {
    const { limit, mode, tolerance } = this.terms(budget, scope)
    const { increase } = budget.budget
    const more = increase !== null && this.now < increase.until ? increase.by : 0n
    return { limit: limit + more, tolerance: mode === 'adaptive' ? tolerance : 0n }
  }

  /** Whether what is spent and what may yet be spent by what was granted passes the bound. */
  isOver(budget: ModelBudget, scope: string, at: number): boolean {
    const { spent, presumed, worst } = this.sums(budget, scope, this.spanAt(budget, at))
    const { limit, tolerance } = this.bounds(budget, scope)
    return spent + presumed + worst > limit + tolerance
  }

  /** The windows, or slices of a rolling one, that were noted to have a cause, a fired threshold or a denial. */
  keysWithin(scope: string, { start, end }: Span, keys: Iterable<string>): string[] {
    return [...keys].filter((key) => {
      const [of, from] = splitKey(key)
      return of === scope && from >= start && (end === null || from < end)
    })
  }

  describe({ budget }: ModelBudget, scope: string, start: number): Record<string, unknown> {
    const values = JSON.parse(scope) as (string | null)[]
    const labels = Object.fromEntries(budget.each.flatMap((key, index) => (values[index] === null ? [] : [[key, values[index]]])))
    return { budget: budget.name, scope: labels, windowStart: start }
  }
}

export function keyOf(scope: string, start: number): string {
  return `${start} ${scope}`
}

function splitKey(key: string): [string, number] {
  const space = key.indexOf(' ')
  return [key.slice(space + 1), Number(key.slice(0, space))]
}

export function scopeOf({ each }: Budget, labels: Labels): string {
  return JSON.stringify(each.map((key) => labels[key] ?? null))
}

export function applies({ where }: Budget, labels: Labels): boolean {
  return where.every(({ field, op, values }) => {
    const value = labels[field]
    const isOneOf = value !== undefined && values.includes(value)
    switch (op) {
      case 'equals':
      case 'anyOf':
        return isOneOf
      case 'not':
      case 'noneOf':
        return !isOneOf
      case 'prefix':
        return value !== undefined && values.some((prefix) => value.startsWith(prefix))
      case 'absent':
        return value === undefined
      case 'present':
        return value !== undefined
    }
    return false
  })
}

/** What a charge adds to a budget, in the metric's unit. */
export function amountOf({ metric, countsPlan, countsCacheReads }: Budget, charge: ModelCharge): bigint {
  if (charge.isPlan && !countsPlan) return 0n
  if (metric === 'cost') return charge.cost
  if (metric === 'tokens') return charge.otherTokens + (countsCacheReads ? charge.cacheReads : 0n)
  return metric === 'calls' ? charge.calls : 0n
}

export function unpricedOf({ metric, countsPlan }: Budget, charge: ModelCharge): number {
  return metric === 'cost' && (!charge.isPlan || countsPlan) ? charge.unpriced : 0
}

export function isStillToCount({ seeding }: ModelBudget, { at, seq = Number.MAX_SAFE_INTEGER, order }: ModelCharge): boolean {
  if (seeding === null || order > seeding.upToOrder) return false
  return at > seeding.afterAt || (at === seeding.afterAt && seq > seeding.afterSeq)
}

/** Whether one counter of a budget stands for all parts of a hold. */
export function standsFor({ budget: { metric, each } }: ModelBudget, { isForParts, labels }: Asked): boolean {
  return isForParts !== true || metric === 'concurrency' || each.every((key) => key in labels)
}
