import { addNanos, type Nanos, zeroNanos } from '../../money/nanos.ts'
import type { Charge } from '../../ledger/charge.ts'
import { partOf, wholeOf } from '../../ledger/split-call.ts'
import type { Catalog } from '../../pricing/catalog.ts'
import { canonicalProvider } from '../../pricing/provider-names.ts'
import { priceUsage } from '../../pricing/price-usage.ts'
import { quantities } from '../../usage/usage.ts'
import type { CostEstimate } from '../cost-estimate.ts'
import { chooseModel, type Profile } from '../profiles/profile.ts'
import { type ResolvedModel, resolveModel } from '../profiles/resolve-model.ts'
import { costOfCalls } from './estimate-plan.ts'
import { type EstimatedCalls, EstimateSums } from './estimate-sums.ts'

/** Other models for the calls of a run: those of a profile, or by the models that served them, as written. */
export type Replacements = { readonly profile: Profile } | { readonly models: ReadonlyMap<string, string> }

/** A past run, priced as if other models had served it. */
export interface RepricedRun {
  readonly estimate: CostEstimate
  /** What its calls cost, without those that a subscription covered. */
  readonly actualNanos: Nanos
  /** Calls without a price, of which the actual cost counts nothing. */
  readonly unpricedCalls: number
  /** Calls that a subscription covered, which are left out. */
  readonly planCalls: number
  /** Models as booked, and with the names of the replacements that met none of them. */
  readonly models: readonly string[]
  readonly unmet: readonly string[]
}

/**
 * Prices the calls of a run under other models as of now. Token counts are taken over as they are, though models count
 * tokens differently; so are tier, speed and region where the provider stays. A call whose model is not replaced keeps it.
 */
export class Repricing {
  readonly #catalog: Catalog
  readonly #at: number
  readonly #replacements: Replacements
  readonly #resolved = new Map<string, ResolvedModel>()
  readonly #byBooked = new Map<string, ResolvedModel | undefined>()
  readonly #met = new Set<string>()
  readonly #sums = new EstimateSums()
  #actual = zeroNanos
  #unpricedCalls = 0
  #planCalls = 0

  constructor(catalog: Catalog, replacements: Replacements, at: number) {
    this.#catalog = catalog
    this.#replacements = replacements
    this.#at = at
  }

  /** Counts a call as it stands after its corrections. */
  add(charge: Charge): void {
    if (charge.basis === 'plan') {
      this.#planCalls += 1
      return
    }
    if (charge.costNanos === null) this.#unpricedCalls += 1
    else this.#actual = addNanos(this.#actual, charge.costNanos)
    const { provider, model, usage, labels } = charge
    const other = this.#otherModel(charge)
    const same = {
      stage: labels['stage'] ?? null,
      role: labels['role'] ?? null,
      pass: labels['pass'] ?? null,
      calls: charge.part === null || charge.part.addsCall ? 1 : 0,
      usage,
      usageCalls: 1,
    }
    this.#sums.add({ ...same, ...(other === undefined ? this.#asBooked(charge, { provider, model }) : this.#priced(charge, other)) })
  }

  build(bufferPercent: number): RepricedRun {
    const { revision } = this.#catalog
    const sums = this.#sums.build(bufferPercent)
    const profile = 'profile' in this.#replacements ? this.#replacements.profile.name : null
    const asked = 'models' in this.#replacements ? [...this.#replacements.models.keys()] : []
    return {
      estimate: { source: 'repriced', ...sums, quantiles: null, profile, catalog: revision, madeAt: this.#at },
      actualNanos: this.#actual,
      unpricedCalls: this.#unpricedCalls,
      planCalls: this.#planCalls,
      models: [...this.#byBooked.keys()],
      unmet: asked.filter((name) => !this.#met.has(name)),
    }
  }

  #otherModel(charge: Charge): ResolvedModel | undefined {
    const booked = `${charge.provider}/${charge.model}`
    if ('profile' in this.#replacements) {
      const { stage, role, pass } = charge.labels
      this.#byBooked.set(booked, undefined)
      const choice = chooseModel(this.#replacements.profile, { stage, role, pass })
      return choice === undefined ? undefined : this.#resolve(choice.model)
    }
    if (this.#byBooked.has(booked)) return this.#byBooked.get(booked)
    const found = [...this.#replacements.models].find(([old]) => this.#isModel(charge, old))
    if (found !== undefined) this.#met.add(found[0])
    const other = found === undefined ? undefined : this.#resolve(found[1])
    this.#byBooked.set(booked, other)
    return other
  }

  /** Whether a name means the model of a call: as it is booked, or by a name under which the catalog has the same card. */
  #isModel({ provider, model }: Charge, name: string): boolean {
    if (name === model || name === `${provider}/${model}`) return true
    const named = this.#resolve(name)
    if (named.kind === 'unknown' || named.provider !== canonicalProvider(provider)) return false
    const card = this.#catalog.find(named.provider, named.model, this.#at)?.card
    return card !== undefined && card === this.#catalog.find(provider, model, this.#at)?.card
  }

  #resolve(written: string): ResolvedModel {
    let found = this.#resolved.get(written)
    if (found === undefined) this.#resolved.set(written, (found = resolveModel(this.#catalog, written, this.#at)))
    return found
  }

  /** By today's price, or what it cost where only its owner or provider knows a price. */
  #asBooked(charge: Charge, { provider, model }: Pick<Charge, 'provider' | 'model'>): Priceable {
    const known = charge.costNanos !== null && charge.card === null
    if (known) return { provider, model, costNanos: charge.costNanos }
    return this.#priced(charge, { kind: 'known', provider, model })
  }

  #priced(charge: Charge, other: ResolvedModel): Priceable {
    const { provider, model } = other
    if (other.kind === 'unknown') return { provider, model, costNanos: null, problem: other.message }
    if (quantities(charge.usage).length === 0) return { provider, model, costNanos: null, problem: noUsage }
    const stays = canonicalProvider(charge.provider) === canonicalProvider(other.provider)
    const { serviceTier, speed, region, part } = charge
    const levels = stays ? { serviceTier, speed, ...(region !== null && { region }) } : {}
    // A call that several shared is priced whole, because its length may choose the rate, and shared out again.
    const whole = wholeOf(charge)
    const request = { provider: other.provider, model: other.model, usage: whole.usage, at: this.#at, ...levels }
    const cost = costOfCalls(priceUsage(this.#catalog, request), 1)
    return {
      provider,
      model,
      ...cost,
      costNanos: part === null ? cost.costNanos : partOf({ ...whole, lines: [], ...cost }, part).costNanos,
    }
  }
}

type Priceable = Pick<EstimatedCalls, 'provider' | 'model' | 'costNanos' | 'problem'>

const noUsage = 'Only its cost was booked, and not what it consumed, so it cannot be priced under another model.'
