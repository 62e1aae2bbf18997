import type { Amounts, Asked, HoldId } from '../../src/budgets/hold.ts'
import type { Budget } from '../../src/budgets/budget.ts'
import type { Denial, Grant } from '../../src/budgets/denial.ts'
import type { HoldOutcome } from '../../src/budgets/find-hold.ts'
import type { Settling } from '../../src/budgets/settle.ts'
import type { BudgetStatus } from '../../src/budgets/budget-status.ts'
import type { Explanation } from '../../src/budgets/explain-admission.ts'
import { type ChargeDraft, draftCharge } from '../../src/ledger/draft-charge.ts'
import type { ChargeInput, Labels } from '../../src/ledger/charge.ts'
import { parseLabels } from '../../src/ledger/labels.ts'
import type { Nanos } from '../../src/money/nanos.ts'
import type { LedgerEvent, Store } from '../../src/stores/store.ts'
import { createLedger, type StoreKind } from './every-store.ts'

/** A budget of five dollars a day in UTC, strict, with no thresholds, unless said otherwise. */
export function budget(more: Partial<Budget> = {}): Budget {
  return {
    name: 'daily',
    metric: 'cost',
    where: [],
    each: [],
    window: { kind: 'day' },
    zone: 'UTC',
    overrides: [],
    increase: null,
    countsPlan: false,
    countsCacheReads: true,
    ceiling: null,
    origin: 'sdk',
    learnBy: [],
    quantile: 0.9,
    limit: usd(5),
    mode: 'strict',
    tolerance: 0n,
    onLimit: 'block',
    thresholds: [],
    ...more,
  }
}

/** Dollars as nanos: 0.1 is exactly 100,000,000. */
export function usd(dollars: number): bigint {
  return BigInt(Math.round(dollars * 1e9))
}

export interface Ask {
  readonly labels?: Labels
  readonly worst?: Amounts
  readonly expected?: Amounts
  readonly ttlMs?: number
  readonly model?: string
  readonly basis?: Asked['basis']
  readonly refusal?: Asked['refusal']
}

/** What a hold asks: one call, one place, and what is given. */
export function asked({ labels = {}, worst = {}, expected = {}, ttlMs = 60_000, model, basis = 'metered', refusal = null }: Ask): Asked {
  return {
    labels: parseLabels(labels),
    worst: { calls: 1n, concurrency: 1n, ...worst },
    expected,
    ttlMs,
    basis,
    provider: model === undefined ? null : 'acme',
    model: model ?? null,
    refusal,
    catalog: null,
    request: null,
    maxOutputTokens: null,
  }
}

/** A charge that costs what its owner says. */
export function chargeOf(cost: bigint | null, more: Partial<ChargeInput> & { at: number }): ChargeDraft {
  const input: ChargeInput = {
    provider: 'acme',
    model: 'big',
    usage: {},
    labels: {},
    ...(cost !== null && { statedNanos: cost as Nanos }),
    ...more,
  }
  return draftCharge(input, () => ({ status: 'unpriced', reason: 'unknown-model', message: '' }), more.at)
}

/** The gate of a store with shorter words, for tests. */
export class GateLedger {
  readonly store: Store
  readonly #now: () => number
  #next = 0

  constructor(store: Store, now: () => number) {
    this.store = store
    this.#now = now
  }

  /** Puts a budget into force, and counts what was booked before. */
  async define(more: Partial<Budget> = {}): Promise<string> {
    const { outcome, record } = await this.store.gate('define', { budget: budget(more), author: 'test' })
    let { seeding } = record
    while (seeding !== null) seeding = (await this.store.gate('seed', { name: record.budget.name })).seeding
    return outcome
  }

  /** Holds money; without an amount nobody can say how much. */
  reserve(cost: bigint | undefined, ask: Ask & { readonly id?: string } = {}): Promise<Grant | Denial> {
    const id = (ask.id ?? `h${++this.#next}`) as HoldId
    return this.store.gate('reserve', { id, asked: asked({ ...ask, worst: { ...(cost !== undefined && { cost }), ...ask.worst } }) })
  }

  why(cost: bigint): Promise<Explanation> {
    return this.store.gate('why', { asked: asked({ worst: { cost } }) })
  }

  split(from: string, cost: bigint, ask: Ask & { readonly id?: string } = {}): Promise<Grant | Denial> {
    const id = (ask.id ?? `s${++this.#next}`) as HoldId
    const part = asked({ ...ask, worst: { cost, concurrency: 0n, ...ask.worst } })
    return this.store.gate('split', { from: from as HoldId, id, asked: part })
  }

  settle(id: string, cost: bigint | null, settling: Settling = 'final', more: Partial<ChargeInput> = {}): Promise<HoldOutcome> {
    const draft = chargeOf(cost, { at: this.#now(), id: more.id ?? (settling === 'final' ? `hold:${id}` : `c${++this.#next}`), ...more })
    return this.store.gate('settle', { id: id as HoldId, settlement: { draft, ignore: ['at'], settling } })
  }

  /** Gives a hold back; `resolving` says that what is still presumed of it was not used. */
  release(id: string, resolving = false): Promise<HoldOutcome> {
    return this.store.gate('release', { id: id as HoldId, resolving })
  }

  extend(id: string, ttlMs: number): Promise<HoldOutcome> {
    return this.store.gate('extend', { id: id as HoldId, ttlMs })
  }

  /** Books a charge without a hold; null costs nobody knows what. */
  async book(cost: bigint | null, more: Partial<ChargeInput> = {}): Promise<void> {
    const draft = chargeOf(cost, { at: this.#now(), id: `b${++this.#next}`, ...more })
    await this.store.transact({ bookings: [{ draft, onExisting: 'same', rank: 1 }] })
  }

  /** Books a charge that an import brings. */
  async import(batch: string, cost: bigint): Promise<void> {
    const draft = chargeOf(cost, { at: this.#now(), id: `i${++this.#next}` })
    await this.store.transact({ batch, bookings: [{ draft, onExisting: 'same', rank: 0 }] })
  }

  /** Books a later record of a call, with a larger usage, whose difference is a correction. */
  async supersede(id: string, cost: bigint, more: Partial<ChargeInput>): Promise<void> {
    const draft = chargeOf(cost, { at: this.#now(), id, ...more })
    const [booked] = await this.store.transact({ bookings: [{ draft, onExisting: 'supersede', rank: 1 }] })
    if (booked?.outcome !== 'superseded') throw new Error(`"${id}" was not corrected: ${booked?.outcome}.`)
  }

  status(): Promise<readonly BudgetStatus[]> {
    return this.store.gate('status', {})
  }

  /** Where the only counter of a budget, or the one of a scope, stands. */
  async counter(name = 'daily', scope?: Labels): Promise<BudgetStatus> {
    const rows = (await this.status()).filter((row) => row.budget === name)
    const found = scope === undefined ? rows[0] : rows.find((row) => JSON.stringify(row.scope) === JSON.stringify(scope))
    if (found === undefined) throw new Error(`No counter of "${name}" is open.`)
    return found
  }

  /** What the events of a kind say, in their order. */
  async events(kind: string): Promise<LedgerEvent['body'][]> {
    return (await this.store.events(0, 10_000)).filter((event) => event.kind === kind).map(({ body }) => body)
  }
}

/** A ledger of a kind with its gate and a clock that stands still, at an instant given as ISO text. */
export interface OpenGate {
  readonly gate: GateLedger
  readonly clock: { now: number }
  readonly store: Store
  readonly again: (() => Promise<Store>) | undefined
}

export async function openGate(kind: StoreKind, at = '2026-03-10T10:00:00Z'): Promise<OpenGate> {
  const clock = { now: Date.parse(at) }
  const { store, again } = await createLedger(kind, { now: () => clock.now })
  return { gate: new GateLedger(store, () => clock.now), clock, store, again }
}

/** The hold of a grant; a denial fails the test. */
export function granted(answer: Grant | Denial): Grant {
  if (!answer.granted) throw new Error(`Refused: ${answer.message}`)
  return answer
}

export function denied(answer: Grant | Denial): Denial {
  if (answer.granted) throw new Error(`Granted: ${answer.id}`)
  return answer
}
