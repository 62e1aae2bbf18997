import { type Meter, meterByCode, meters } from '../usage/meters.ts'
import { invariant } from '../errors.ts'
import { VarintReader, VarintWriter } from './varint.ts'

/** Sum of one meter: its quantity in units of the meter's scale, and the nanos of its lines. */
export interface MeterTotal {
  quantity: number
  nanos: bigint
}

/** Sums by meter, of a charge or of many. */
export type MeterTotals = Map<Meter, MeterTotal>

export function addToMeter(totals: MeterTotals, meter: Meter, quantity: number, nanos: bigint): void {
  const total = totals.get(meter)
  if (total === undefined) {
    totals.set(meter, { quantity, nanos })
    return
  }
  total.quantity += quantity
  total.nanos += nanos
  invariant(Number.isSafeInteger(total.quantity), `The sum of ${meter} is beyond 2^53.`)
}

const writer = new VarintWriter()

/** Sums by meter as the bytes that a rollup row keeps, meters in order of their code. */
export function packMeterTotals(totals: MeterTotals): Uint8Array {
  for (const [code, meter] of meterByCode.entries()) {
    const total = totals.get(meter)
    if (total === undefined || (total.quantity === 0 && total.nanos === 0n)) continue
    writer.write(code).write(total.quantity).write(total.nanos)
  }
  return writer.take()
}

/** Adds the bytes of a rollup row to sums by meter. */
export function addPackedMeters(totals: MeterTotals, packed: Uint8Array): void {
  const reader = new VarintReader(packed)
  while (!reader.done) {
    const meter = meterByCode[reader.readNumber()]
    invariant(meter !== undefined && meters[meter] !== undefined, 'A rollup row names a meter that this version does not know.')
    const quantity = reader.readNumber()
    addToMeter(totals, meter, quantity, reader.readBigInt())
  }
}
