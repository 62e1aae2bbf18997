import { invariant } from '../errors.ts'
import { nanos } from '../money/nanos.ts'
import { type Meter, meterNames, meters } from '../usage/meters.ts'
import type { Usage } from '../usage/usage.ts'
import type { ChargePart } from './charge.ts'

/** A part without the id of its call, which follows from its own. */
export type KeptPart = Omit<ChargePart, 'of'>

/** Place, weights, the whole usage as codes of meters each with its quantity, whether it adds the call, cost stated and reported. */
export type PackedPart = readonly [number, string, readonly number[], 0 | 1, string?, string?]

export function packPart({ index, weights, addsCall, usage, statedNanos, reportedNanos }: KeptPart): PackedPart {
  const quantities = Object.entries(usage).flatMap(([meter, quantity]) => [meters[meter as Meter].code, quantity as number])
  const costs = [statedNanos, reportedNanos].map((nanoDollars) => (nanoDollars === null ? '' : String(nanoDollars)))
  const packed = [index, weights.join(' '), quantities, addsCall ? 1 : 0] as const
  return costs.every((cost) => cost === '') ? packed : [...packed, ...(costs as [string, string])]
}

/** Gives back what {@link packPart} took. */
export function unpackPart([index, weights, quantities, adds, stated = '', reported = '']: PackedPart): KeptPart {
  const usage: Partial<Record<Meter, number>> = {}
  for (let place = 0; place < quantities.length; place += 2) {
    const meter = meterNames[quantities[place] ?? -1]
    invariant(meter !== undefined, 'A part of a call names a meter that this version does not know.')
    usage[meter] = quantities[place + 1] ?? 0
  }
  return {
    index,
    weights: weights.split(' '),
    addsCall: adds === 1,
    usage: usage as Usage,
    statedNanos: amount(stated),
    reportedNanos: amount(reported),
  }
}

function amount(text: string): KeptPart['statedNanos'] {
  return text === '' ? null : nanos(BigInt(text))
}
