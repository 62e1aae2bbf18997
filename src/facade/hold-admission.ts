import { hash } from 'node:crypto'
import type { Denial, Grant } from '../budgets/denial.ts'
import type { Amounts, Asked, HoldId } from '../budgets/hold.ts'
import type { FittingModel } from '../runs/profiles/fitting-models.ts'
import type { ModelName, RequestSource } from '../usage/requests/call-request.ts'
import type * as Bounding from './bounded-request.ts'
import type { BoundedRequest } from './bounded-request.ts'
import { untrackedGrant } from './calls/untracked.ts'
import { defaultTtlMs, type HoldRequest, toAsked } from './hold-request.ts'
import type { LedgerHost } from './ledger-host.ts'
import { withHoldId } from './retry-by-id.ts'
import { toUnavailable, type Unavailable } from './unavailable.ts'

/** Asks the gate of a ledger for a hold: bounds the request, waits where the caller does, and says where nothing can be asked. */
export class HoldAdmission {
  readonly #host: LedgerHost
  readonly #seedAll: () => Promise<void>
  #bounding: typeof Bounding | undefined

  constructor(host: LedgerHost, seedAll: () => Promise<void>) {
    this.#host = host
    this.#seedAll = seedAll
  }

  /**
   * What `ask` answers; a ledger that cannot be reached, or stays locked, is a refusal.
   * @param request where it may be let through without a hold, if the ledger allows that
   */
  async orUnavailable(id: HoldId, ask: () => Promise<Grant | Denial>, request?: HoldRequest): Promise<Grant | Denial | Unavailable> {
    try {
      return await ask()
    } catch (error) {
      const refusal = toUnavailable(withHoldId(error, id))
      const isAway = refusal.code === 'PURSER_LEDGER_UNAVAILABLE' && request !== undefined
      if (!isAway || this.#host.allowsAway?.(request.labels ?? {}) !== true) return refusal
      this.#host.warn(
        `The call "${id}" goes on without a hold, because no hard budget applies to it as far as is known. ${refusal.message}`,
      )
      return untrackedGrant({ ...request, id })
    }
  }

  /** Asks for the amounts that are given, or for those that bound the request; with `shrink`, again for a shorter answer. */
  async ask(request: HoldRequest, defaults: Amounts, ask: (asked: Asked) => Promise<Grant | Denial>): Promise<Grant | Denial> {
    if (request.request === undefined) {
      const asked = toAsked(request, unbounded, defaults)
      return this.#untilGranted(() => ask(asked), request.waitMs)
    }
    const bounded = await this.#bounded(request, request.request)
    for (;;) {
      // Bounded anew at each try, so that the bound covers the hold from the instant at which it is granted.
      const answer = await this.#untilGranted(() => ask(askedFor(request, bounded, defaults)), request.waitMs)
      if (answer.granted || request.shrink !== true || !bounded.shrink(answer, Date.now())) return answer
    }
  }

  /** What a request would ask for now. */
  async asked(request: HoldRequest, defaults: Amounts): Promise<Asked> {
    if (request.request === undefined) return toAsked(request, unbounded, defaults)
    return askedFor(request, await this.#bounded(request, request.request), defaults)
  }

  /** Of some models those with which a request would fit, the dearest first; none where what it may cost was given. */
  async fitting(request: HoldRequest, models: readonly ModelName[], room: bigint): Promise<readonly FittingModel[]> {
    if (request.request === undefined || request.amount?.cost !== undefined || models.length === 0) return []
    return (await this.#bounded(request, request.request)).fitting(models, room, Date.now())
  }

  /** What bounds requests is loaded on first use, because it brings every reader along. */
  async #bounded({ ttlMs = defaultTtlMs, ...others }: HoldRequest, source: RequestSource): Promise<BoundedRequest> {
    this.#bounding ??= await import('./bounded-request.ts')
    const { BoundedRequest } = this.#bounding
    const { amount, expected, shrink } = others
    const digest = requestDigest({ source, amount, expected, shrink })
    return new BoundedRequest(this.#host.catalog(), source, { digest, ttlMs, serviceTiers: this.#host.serviceTiers })
  }

  /** Tries again while others hold what is asked, and once a new budget has counted what was booked before it. */
  async #untilGranted(ask: () => Promise<Grant | Denial>, waitMs = 0): Promise<Grant | Denial> {
    const deadline = performance.now() + waitMs
    for (;;) {
      const answer = await ask()
      if (answer.granted) return answer
      if (answer.kind === 'unavailable') {
        await this.#seedAll()
        continue
      }
      const left = deadline - performance.now()
      if (answer.kind !== 'contended' || left <= 0) return answer
      const pause = (answer.retryAfterMs ?? 0) * (0.5 + Math.random())
      await new Promise((resolve) => setTimeout(resolve, Math.min(pause, left)))
    }
  }
}

/** What tells a request from another one under the same id. Its bound does not: prices may have changed between two tries. */
function requestDigest(content: unknown): string {
  const text = JSON.stringify(content, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  return hash('sha256', text, 'base64url').slice(0, digestLength)
}

const digestLength = 22

function askedFor(request: HoldRequest, bounded: BoundedRequest, defaults: Amounts): Asked {
  const { provider = bounded.provider, model = bounded.model } = request
  return toAsked({ ...request, provider, model }, bounded.bound(Date.now()), defaults)
}

const unbounded = { worst: {}, refusal: null, catalog: null, request: null, maxOutputTokens: null }
