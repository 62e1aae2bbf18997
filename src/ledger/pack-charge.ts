import { invariant } from '../errors.ts'
import { type Nanos, nanos } from '../money/nanos.ts'
import type { CardReference, Match, PriceLine, UnpricedReason } from '../pricing/priced.ts'
import { type Meter, meterNames, meters } from '../usage/meters.ts'
import { fromScaled, toScaled, type Usage, type UsageWarning } from '../usage/usage.ts'
import type { Charge, PriceStatus } from './charge.ts'
import { type KeptPart, packPart, type PackedPart, unpackPart } from './pack-part.ts'
import type { ChargeDraft } from './draft-charge.ts'
import { VarintReader, VarintWriter } from './varint.ts'

/**
 * How a charge was priced, without its quantities: many charges share one. With the packed quantities it gives every
 * line back, so that a charge can be explained for as long as it is kept.
 */
export interface Pricing {
  readonly status: PriceStatus
  readonly restates: PriceStatus | null
  readonly card: CardReference | null
  readonly match: Match | null
  readonly reason: UnpricedReason | null
  readonly unrated: readonly Meter[]
  /** Meter, dollars, and units that they buy, one for each line in order. */
  readonly rates: readonly (readonly [Meter, string, number])[]
}

/** What of a charge makes its pricing. */
type Priced = Pick<ChargeDraft, 'status' | 'restates' | 'match' | 'unpricedReason' | 'unratedMeters' | 'card'> & {
  readonly lines: readonly Pick<PriceLine, 'meter' | 'rateUsd' | 'per'>[]
}

/** A text that two charges share if they were priced alike. */
export function pricingKey(draft: Priced): string {
  let key = `${draft.status}\n${draft.restates ?? ''}\n${draft.match ?? ''}\n${draft.unpricedReason ?? ''}\n${draft.unratedMeters.join()}`
  const { card } = draft
  if (card !== null) key += `\n${card.revision}\n${card.origin}\n${card.provider}\n${card.model}\n${card.validFrom ?? ''}`
  for (const line of draft.lines) key += `\n${meters[line.meter].code} ${line.rateUsd}/${line.per}`
  return key
}

export function toPricing(draft: ChargeDraft): Pricing {
  return {
    status: draft.status,
    restates: draft.restates,
    card: draft.card,
    match: draft.match,
    reason: draft.unpricedReason,
    unrated: draft.unratedMeters,
    rates: draft.lines.map((line) => [line.meter, line.rateUsd, line.per] as const),
  }
}

/** The same text for a pricing that is kept. */
export function keyOfPricing({ reason, unrated, rates, ...pricing }: Pricing): string {
  const lines = rates.map(([meter, rateUsd, per]) => ({ meter, rateUsd, per }))
  return pricingKey({ ...pricing, unpricedReason: reason, unratedMeters: unrated, lines })
}

const writer = new VarintWriter()

/** The numbers of a charge in few bytes: its subjects, its quantities by meter, and its lines in the order of the rates. */
export function packNumbers(draft: Pick<Charge, 'usage' | 'lines'>, subjects: readonly number[]): Uint8Array {
  writer.write(subjects.length)
  for (const subject of subjects) writer.write(subject)
  const { usage } = draft
  let used = 0
  for (const name in usage) if (name !== 'attributes') used += 1
  writer.write(used)
  for (const name in usage) {
    if (name !== 'attributes') writer.write(meters[name as Meter].code).write(toScaled(name as Meter, usage[name as Meter] ?? 0))
  }
  for (const line of draft.lines) writer.write(toScaled(line.meter, line.quantity)).write(line.costNanos)
  return writer.take()
}

export interface UnpackedNumbers {
  readonly subjects: readonly number[]
  readonly usage: Usage
  readonly lines: readonly PriceLine[]
}

/** Gives back what {@link packNumbers} took, with the rates that the pricing keeps. */
export function unpackNumbers(packed: Uint8Array, pricing: Pricing): UnpackedNumbers {
  const reader = new VarintReader(packed)
  const subjects = Array.from({ length: reader.readNumber() }, () => reader.readNumber())
  const usage: Partial<Record<Meter, number>> = {}
  for (let left = reader.readNumber(); left > 0; left -= 1) {
    const meter = meterNames[reader.readNumber()]
    invariant(meter !== undefined, 'A charge names a meter that this version does not know.')
    usage[meter] = fromScaled(meter, reader.readNumber())
  }
  const lines = pricing.rates.map(([meter, rateUsd, per]) => {
    const quantity = fromScaled(meter, reader.readNumber())
    return { meter, quantity, rateUsd, per, costNanos: nanos(reader.readBigInt()) }
  })
  return { subjects, usage, lines }
}

/** Fields that few charges have, under short names. */
interface Extras {
  readonly a?: Usage['attributes']
  readonly m?: string
  readonly n?: number
  readonly c?: string
  readonly d?: number
  readonly o?: number
  readonly s?: string
  readonly h?: string
  readonly sc?: string
  readonly rc?: string
  readonly e?: 1
  readonly p?: PackedPart
  readonly w?: readonly UsageWarning[]
  readonly x?: Readonly<Record<string, unknown>>
}

/** The rare fields of a charge as JSON, or null where it has none. */
export function packExtras(draft: ChargeDraft): string | null {
  const extras: Extras = {
    ...(draft.usage.attributes !== undefined && { a: draft.usage.attributes }),
    ...(draft.modelAsked !== null && { m: draft.modelAsked }),
    ...(draft.attempt !== 1 && { n: draft.attempt }),
    ...(draft.callId !== null && { c: draft.callId }),
    ...(draft.durationMs !== null && { d: draft.durationMs }),
    ...(draft.maxOutputTokens !== null && { o: draft.maxOutputTokens }),
    ...(draft.stopReason !== null && { s: draft.stopReason }),
    ...(draft.hold !== null && { h: draft.hold }),
    ...(draft.statedNanos !== null && { sc: String(draft.statedNanos) }),
    ...(draft.reportedNanos !== null && { rc: String(draft.reportedNanos) }),
    ...(draft.estimated && { e: 1 }),
    ...(draft.part !== null && { p: packPart(draft.part) }),
    ...(draft.warnings.length > 0 && { w: draft.warnings }),
    ...(draft.metadata !== null && { x: draft.metadata }),
  }
  const text = JSON.stringify(extras)
  return text === '{}' ? null : text
}

type ExtraFields = Pick<
  Charge,
  | ('modelAsked' | 'attempt' | 'callId' | 'durationMs' | 'maxOutputTokens' | 'stopReason' | 'hold' | 'statedNanos')
  | ('reportedNanos' | 'estimated' | 'warnings' | 'metadata')
> & { readonly attributes: Usage['attributes'] | undefined; readonly part: KeptPart | null }

export function unpackExtras(text: string | null): ExtraFields {
  const extras = (text === null ? {} : JSON.parse(text)) as Extras
  return {
    attributes: extras.a,
    modelAsked: extras.m ?? null,
    attempt: extras.n ?? 1,
    callId: extras.c ?? null,
    durationMs: extras.d ?? null,
    maxOutputTokens: extras.o ?? null,
    stopReason: extras.s ?? null,
    hold: extras.h ?? null,
    statedNanos: amount(extras.sc),
    reportedNanos: amount(extras.rc),
    estimated: extras.e === 1,
    part: extras.p === undefined ? null : unpackPart(extras.p),
    warnings: extras.w ?? [],
    metadata: extras.x ?? null,
  }
}

function amount(value: string | undefined): Nanos | null {
  return value === undefined ? null : nanos(BigInt(value))
}
