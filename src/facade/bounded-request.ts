import type { Denial } from '../budgets/denial.ts'
import type { Amounts } from '../budgets/hold.ts'
import type { Nanos } from '../money/nanos.ts'
import { type Bound, boundRequest } from '../pricing/bound-request.ts'
import type { Catalog } from '../pricing/catalog.ts'
import { largestOutput, type OutputLimits } from '../pricing/largest-output.ts'
import { type FittingModel, fittingModels } from '../runs/profiles/fitting-models.ts'
import type { CallRequest, ModelName } from '../usage/requests/call-request.ts'
import { readRequest } from '../usage/requests/read-request.ts'
import type { RequestSource } from '../usage/requests/call-request.ts'
import { type AccountTiers, asServed } from '../pricing/account-tiers.ts'
import type { Bounded } from './hold-request.ts'

interface BoundingTerms {
  /** Tells the request from others. */
  readonly digest: string
  readonly ttlMs: number
  readonly serviceTiers: AccountTiers
}

/** A request with its bound, which can be made smaller so that it fits. */
export class BoundedRequest {
  readonly #catalog: Catalog
  readonly #ttlMs: number
  readonly #digest: string
  #request: CallRequest
  #limits: OutputLimits = {}

  /** @throws PURSER_UNKNOWN_READER, PURSER_BAD_RECORD */
  constructor(catalog: Catalog, source: RequestSource, { digest, ttlMs, serviceTiers }: BoundingTerms) {
    this.#digest = digest
    this.#catalog = catalog
    this.#request = asServed(readRequest(source), source, serviceTiers)
    this.#ttlMs = ttlMs
  }

  get provider(): string {
    return this.#request.provider
  }

  get model(): string {
    return this.#request.model
  }

  bound(nowMs: number): Bounded {
    const bound = boundRequest(this.#catalog, this.#request, { at: nowMs, untilMs: nowMs + this.#ttlMs })
    return { ...toBounded(bound), request: this.#digest, maxOutputTokens: this.#request.maxOutputTokens ?? null }
  }

  /** Of some models those with which it costs at most `room`. */
  fitting(models: readonly ModelName[], room: bigint, nowMs: number): FittingModel[] {
    return fittingModels(this.#catalog, this.#request, models, room, { at: nowMs, untilMs: nowMs + this.#ttlMs })
  }

  /**
   * Makes the longest answer as short as a refusal asks for; false where that does not help. It clamps the request that
   * the caller will send, never what is held for it.
   */
  shrink({ metric, room }: Denial, nowMs: number): boolean {
    if (metric !== 'cost' && metric !== 'tokens') return false
    const limits = metric === 'cost' ? { ...this.#limits, cost: room as Nanos } : { ...this.#limits, tokens: Number(room) }
    const largest = largestOutput(this.#catalog, this.#request, { at: nowMs, untilMs: nowMs + this.#ttlMs }, limits)
    if (largest === undefined || largest >= (this.#request.maxOutputTokens ?? Number.POSITIVE_INFINITY)) return false
    this.#limits = limits
    this.#request = { ...this.#request, maxOutputTokens: largest }
    return true
  }
}

function toBounded(bound: Bound): Pick<Bounded, 'worst' | 'refusal' | 'catalog'> {
  const calls: Amounts = { calls: BigInt(bound.calls) }
  const catalog = bound.revision
  switch (bound.kind) {
    case 'bounded':
      return { worst: { ...calls, cost: bound.cost.worst, tokens: BigInt(bound.tokens.worst) }, refusal: null, catalog }
    case 'unpriced':
      return { worst: { ...calls, tokens: BigInt(bound.tokens.worst) }, refusal: { kind: 'unpriced', message: bound.message }, catalog }
    case 'unbounded':
      return { worst: calls, refusal: { kind: 'unbounded', message: bound.reasons.map(({ message }) => message).join(' ') }, catalog }
  }
}
