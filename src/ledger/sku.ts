import type { Basis, Charge, Outcome } from './charge.ts'

/**
 * What was bought, and how it ended: rollups are kept per series and sku, so that cost is known by each of these
 * without reading charges.
 */
export interface Sku {
  readonly provider: string
  readonly model: string
  readonly serviceTier: string
  readonly speed: string
  readonly region: string | null
  readonly basis: Basis
  readonly outcome: Outcome
}

export const skuFields = [
  'provider',
  'model',
  'serviceTier',
  'speed',
  'region',
  'basis',
  'outcome',
] as const satisfies readonly (keyof Sku)[]

/** A text that two skus share only if they are equal. */
export function skuKey(sku: Pick<Charge, keyof Sku>): string {
  return `${sku.provider}\n${sku.model}\n${sku.serviceTier}\n${sku.speed}\n${sku.region ?? ''}\n${sku.basis}\n${sku.outcome}`
}
