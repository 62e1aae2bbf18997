import type { Budget } from '../../src/budgets/budget.ts'
import type { Asked } from '../../src/budgets/hold.ts'
import type { Settling } from '../../src/budgets/settle.ts'
import type { ChargeInput } from '../../src/ledger/charge.ts'
import { parseLabels } from '../../src/ledger/labels.ts'
import type { Nanos } from '../../src/money/nanos.ts'
import type { BudgetMaker } from './budgets.ts'
import type { Model, ModelCharge, ModelHold } from './model.ts'
import type { Random } from './random.ts'

/** A booking without a hold, before it is drafted. */
export interface UnheldCharge {
  readonly input: ChargeInput
  readonly onExisting: 'same' | 'duplicate' | 'supersede'
}

export type Operation =
  | { readonly kind: 'reserve'; readonly id: string; readonly asked: Asked }
  | { readonly kind: 'split'; readonly from: string; readonly id: string; readonly asked: Asked }
  | { readonly kind: 'settle'; readonly id: string; readonly input: ChargeInput; readonly settling: Settling }
  | { readonly kind: 'resolve'; readonly id: string; readonly input: ChargeInput }
  | { readonly kind: 'release'; readonly id: string; readonly resolving: boolean }
  | { readonly kind: 'extend'; readonly id: string; readonly ttlMs: number }
  | { readonly kind: 'define'; readonly budget: Budget }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'seed'; readonly name: string }
  | { readonly kind: 'book'; readonly charges: readonly UnheldCharge[]; readonly batch: string | null }

/** How often each kind of operation is chosen. */
const weights = {
  reserve: 40,
  settle: 22,
  resolve: 6,
  release: 6,
  split: 8,
  extend: 4,
  book: 8,
  supersede: 3,
  import: 1.5,
  define: 2.5,
  remove: 0.4,
  seed: 6,
}

/** Makes up what clients ask, from what is there. */
export class Operations {
  readonly #random: Random
  readonly #model: Model
  readonly #budgets: BudgetMaker
  /** The size of amounts of money in this run. */
  readonly unit: bigint
  #next = 0
  readonly batches: string[] = []

  constructor(random: Random, model: Model, budgets: BudgetMaker) {
    this.#random = random
    this.#model = model
    this.#budgets = budgets
    this.unit = budgets.unit
  }

  next(): Operation {
    const random = this.#random
    switch (random.weighted(weights)) {
      case 'reserve':
        return { kind: 'reserve', id: `h${++this.#next}`, asked: this.#asked(this.#labels(), 1n) }
      case 'split':
        return this.#split()
      case 'settle':
        return this.#settle()
      case 'resolve':
        return this.#resolve()
      case 'release':
        return { kind: 'release', id: this.#hold()?.id ?? 'nobody', resolving: random.chance(0.3) }
      case 'extend':
        return { kind: 'extend', id: this.#hold()?.id ?? 'nobody', ttlMs: random.between(1, 600_000) }
      case 'book':
        return { kind: 'book', charges: [this.#unheld()], batch: null }
      case 'supersede':
        return this.#supersede()
      case 'import':
        return this.#import()
      case 'define':
        return {
          kind: 'define',
          budget: this.#budgets.change(
            this.#model.budgets.map(({ budget }) => budget),
            this.#model.now,
          ),
        }
      case 'remove':
        return { kind: 'remove', name: this.#budgetName() }
      case 'seed':
        return { kind: 'seed', name: this.#model.budgets.find(({ seeding }) => seeding !== null)?.budget.name ?? this.#budgetName() }
    }
  }

  #budgetName(): string {
    const { budgets } = this.#model
    return budgets.length === 0 ? 'none' : this.#random.pick(budgets).budget.name
  }

  #labels(): Record<string, string> {
    const random = this.#random
    const some = (key: string, values: readonly string[]): Record<string, string> =>
      random.chance(0.65) ? { [key]: random.pick(values) } : {}
    return {
      ...some('project', ['atlas', 'borg']),
      ...(random.chance(0.5) && some('stage', ['draft', 'final'])),
      ...(random.chance(0.4) && { run: `r${random.below(1 + this.#next / 12)}` }),
    }
  }

  #asked(labels: Record<string, string>, concurrency: bigint, share = 1): Asked {
    const random = this.#random
    const isUnbounded = random.chance(0.04)
    const cost = random.chance(0.1) ? 0n : BigInt(random.between(0, Math.ceil(60 * share))) * this.unit + BigInt(random.below(3))
    const tokens = random.chance(0.1) ? 0n : BigInt(random.between(0, Math.ceil(900 * share)))
    const isFree = random.chance(0.03)
    return {
      labels: parseLabels(labels),
      worst: {
        calls: random.chance(0.15) ? BigInt(random.between(2, 4)) : 1n,
        concurrency,
        ...(!isUnbounded && { cost: isFree ? 0n : cost, tokens }),
      },
      ...(random.chance(0.1) && { saysCalls: true }),
      ...(random.chance(0.15) && { isForParts: true }),
      expected: random.chance(0.15) ? { cost: cost / 2n } : {},
      ttlMs: random.pick([1, 5000, 60_000, 300_000, 3_600_000, 90_000_000]),
      basis: random.chance(0.06) ? 'plan' : 'metered',
      provider: 'acme',
      model: random.pick(['big', 'small']),
      refusal: isUnbounded ? { kind: random.pick(['unpriced', 'unbounded'] as const), message: 'not known' } : null,
      catalog: null,
      request: null,
      maxOutputTokens: null,
    }
  }

  /** Mostly one that is open, sometimes one that has ended. */
  #hold(): ModelHold | undefined {
    const holds = [...this.#model.holds.values()]
    const open = holds.filter(({ state }) => state === 'open' || state === 'presumed')
    const from = open.length > 0 && this.#random.chance(0.95) ? open : holds.slice(-30)
    return from.length === 0 ? undefined : this.#random.pick(from)
  }

  #split(): Operation {
    const parent = this.#hold()
    if (parent === undefined) return { kind: 'release', id: 'nobody', resolving: false }
    const more = this.#random.chance(0.5) ? { stage: 'draft', step: this.#random.pick(['one', 'two']) } : {}
    const asked = this.#asked({ ...more, ...parent.asked.labels }, 0n, 0.4)
    return { kind: 'split', from: parent.id, id: `h${++this.#next}`, asked: { ...asked, basis: parent.asked.basis } }
  }

  #settle(): Operation {
    const random = this.#random
    const hold = this.#hold()
    if (hold === undefined) return { kind: 'release', id: 'nobody', resolving: true }
    const settling = random.weighted({ final: 66, partial: 20, uncertain: 10, 'partial-uncertain': 4 })
    const worst = hold.left.cost ?? this.unit * 20n
    const cost = random.weighted({ within: 70, all: 10, over: 8, zero: 8, unknown: 4 })
    const amounts = {
      within: (worst * BigInt(random.below(101))) / 100n,
      all: worst,
      over: worst + BigInt(random.between(1, 10)) * this.unit,
      zero: 0n,
    }
    const tokens = Number(hold.left.tokens ?? 400n)
    const used = random.chance(0.08) ? tokens + random.between(1, 200) : random.between(0, tokens)
    const input = this.#input(hold.asked.labels, this.#model.now, cost === 'unknown' ? null : amounts[cost], used)
    const basis = hold.asked.basis === 'plan' && random.chance(0.9) ? ({ basis: 'plan' } as const) : {}
    const isImported = random.chance(0.03)
    const imported = isImported ? this.#model.charges.findLast((charge) => charge.hold === null && isOfCall(charge))?.id : undefined
    const call = { ...input, ...basis, ...(imported !== undefined && { id: imported }), ...this.#serves(0.15) }
    return { kind: 'settle', id: hold.id, settling, input: call }
  }

  /** Mostly of a hold that is presumed, by a cost, tokens, or both. */
  #resolve(): Operation {
    const random = this.#random
    const presumed = [...this.#model.holds.values()].filter(({ state }) => state === 'presumed')
    const hold = presumed.length > 0 && random.chance(0.9) ? random.pick(presumed) : this.#hold()
    if (hold === undefined) return { kind: 'release', id: 'nobody', resolving: true }
    const left = hold.setAside.find(({ metric }) => metric === 'cost')?.worst ?? this.unit
    const cost = random.chance(0.2) ? null : (left * BigInt(random.below(115))) / 100n
    const tokens = random.weighted({ none: 40, zero: 5, some: 55 })
    const input = this.#input(hold.asked.labels, this.#model.now, cost, tokens === 'some' ? random.between(0, 300) : 0)
    const id = `hold:${hold.id}`
    return { kind: 'resolve', id: hold.id, input: { ...input, id, ...(tokens === 'none' && { usage: {} }) } }
  }

  #input(labels: Readonly<Record<string, string>>, at: number, cost: bigint | null, tokens: number): ChargeInput {
    const random = this.#random
    const cached = random.chance(0.4) ? random.between(0, tokens) : 0
    return {
      id: `c${++this.#next}`,
      at,
      provider: 'acme',
      model: random.pick(['big', 'small']),
      labels,
      usage: cost !== null && random.chance(0.08) ? {} : { inputTokens: tokens - cached, cacheReadTokens: cached },
      ...(cost !== null && { statedNanos: cost as Nanos }),
    }
  }

  /** Mostly now, sometimes earlier in the same window or in one before. */
  #unheld(withRun = true): UnheldCharge {
    const random = this.#random
    const late = random.weighted({ now: 60, minutes: 20, hours: 14, days: 6 })
    const ago = {
      now: 0,
      minutes: random.between(1, 3_000_000),
      hours: random.between(1, 30 * 3_600_000),
      days: random.between(1, 40 * 86_400_000),
    }
    const { run, ...labels } = this.#labels()
    const cost = random.chance(0.06) ? null : BigInt(random.between(0, 50)) * this.unit
    const input = this.#input(
      { ...labels, ...(withRun && run !== undefined && { run }) },
      this.#model.now - ago[late],
      cost,
      random.between(0, 700),
    )
    return {
      input: { ...input, ...(random.chance(0.08) && { basis: 'plan' }), ...this.#serves(0.15), ...this.#under() },
      onExisting: 'same',
    }
  }

  /** Sometimes a call serves some stages and steps together; a hold may have a stage already, which then stays. */
  #serves(share: number): Pick<ChargeInput, 'serves'> {
    const random = this.#random
    if (!random.chance(share)) return {}
    const labels = (): Record<string, string> => ({
      ...(random.chance(0.7) && { stage: random.pick(['draft', 'final']) }),
      ...(random.chance(0.5) && { step: random.pick(['one', 'two']) }),
    })
    return { serves: Array.from({ length: random.between(1, 4) }, () => ({ labels: labels(), weight: String(random.between(1, 7)) })) }
  }

  /** Sometimes a record names its hold, with its labels or others; rarely one that there is not. */
  #under(): Partial<ChargeInput> {
    const random = this.#random
    if (!random.chance(0.15)) return {}
    const hold = this.#hold()
    if (hold === undefined || random.chance(0.05)) return { hold: 'nobody' }
    const isCut = random.chance(0.15)
    return {
      hold: hold.id,
      ...(random.chance(0.7) && { labels: hold.asked.labels, at: this.#model.now }),
      ...(isCut && { outcome: 'cut', estimated: true }),
    }
  }

  /** A later record of a call that is booked, which says more: its difference is a correction. */
  #supersede(): Operation {
    const random = this.#random
    const originals = this.#model.charges.filter(isOfCall)
    if (originals.length === 0) return { kind: 'seed', name: this.#budgetName() }
    const { id, at, labels, otherTokens } = random.pick(originals.slice(-40))
    const cost = random.chance(0.1) ? null : BigInt(random.between(0, 80)) * this.unit
    const input = { ...this.#input(labels, at, cost, Number(otherTokens) + random.between(1, 3000)), id }
    return { kind: 'book', charges: [{ input, onExisting: 'supersede' }], batch: random.chance(0.3) ? this.#batch() : null }
  }

  #import(): Operation {
    const charges = Array.from({ length: this.#random.between(1, 12) }, () => this.#unheld(false))
    return { kind: 'book', charges, batch: this.#batch() }
  }

  #batch(): string {
    const random = this.#random
    if (this.batches.length === 0 || random.chance(0.6)) this.batches.push(`batch${++this.#next}`)
    return random.pick(this.batches)
  }
}

/** Whether a charge has the id of its call: no correction does, and of the parts of one call only the first. */
function isOfCall({ id, corrects }: ModelCharge): boolean {
  return corrects === null && !id.includes('#')
}
