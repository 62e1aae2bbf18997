import type { Nanos } from '../../money/nanos.ts'
import { asFallback, type BoundPeriod, boundRequest } from '../../pricing/bound-request.ts'
import type { Catalog } from '../../pricing/catalog.ts'
import type { CallRequest, ModelName } from '../../usage/requests/call-request.ts'

/** A model that a refused call would fit with. */
export interface FittingModel extends ModelName {
  /** The most that the same request costs with it, in nanos, rounded up. */
  readonly worstNanos: Nanos
}

/**
 * Of some models those with which a request costs at most `room`, the dearest first: the same prompt and the same longest
 * answer, priced by the same rules as the request itself. Models without a price, and those for which it cannot be
 * bounded, are left out.
 */
export function fittingModels(
  catalog: Catalog,
  request: CallRequest,
  models: readonly ModelName[],
  room: bigint,
  period: BoundPeriod,
): FittingModel[] {
  const fitting = models.flatMap(({ provider, model }) => {
    const bound = boundRequest(catalog, { ...asFallback(request, { provider, model }), fallbacks: [] }, period)
    return bound.kind === 'bounded' && bound.cost.worst <= room ? [{ provider, model, worstNanos: bound.cost.worst }] : []
  })
  return fitting.toSorted((a, b) => (a.worstNanos < b.worstNanos ? 1 : a.worstNanos > b.worstNanos ? -1 : 0))
}
