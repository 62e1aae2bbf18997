import { invariant } from '../errors.ts'
import { type Meter, meterNames, meters } from '../usage/meters.ts'
import { VarintReader, VarintWriter } from './varint.ts'

/**
 * Sums by meter, of a charge or of many, at the place of the meter's code: quantities in units of the meter's scale,
 * and the nanos of their lines.
 */
export interface MeterTotals {
  readonly quantities: number[]
  readonly nanos: bigint[]
}

export function zeroMeterTotals(): MeterTotals {
  return { quantities: meterNames.map(() => 0), nanos: meterNames.map(() => 0n) }
}

export function addToMeter(totals: MeterTotals, meter: Meter, quantity: number, nanos: bigint): void {
  addToCode(totals, meters[meter].code, quantity, nanos)
}

function addToCode(totals: MeterTotals, code: number, quantity: number, nanos: bigint): void {
  const sum = (totals.quantities[code] ?? 0) + quantity
  invariant(Number.isSafeInteger(sum), `The sum of ${meterNames[code]} is beyond 2^53.`)
  totals.quantities[code] = sum
  if (nanos !== 0n) totals.nanos[code] = (totals.nanos[code] ?? 0n) + nanos
}

/** The meters of which there is anything, in order of their code. */
export function* meterEntries(totals: MeterTotals): Iterable<{ meter: Meter; quantity: number; nanos: bigint }> {
  for (const [code, meter] of meterNames.entries()) {
    const quantity = totals.quantities[code] ?? 0
    const nanos = totals.nanos[code] ?? 0n
    if (quantity !== 0 || nanos !== 0n) yield { meter, quantity, nanos }
  }
}

export function addMeterTotals(into: MeterTotals, from: MeterTotals): void {
  for (let code = 0; code < from.quantities.length; code += 1) addToCode(into, code, from.quantities[code] ?? 0, from.nanos[code] ?? 0n)
}

const writer = new VarintWriter()

/** Sums by meter as the bytes that a rollup row keeps, meters in order of their code. */
export function packMeterTotals(totals: MeterTotals): Uint8Array {
  for (let code = 0; code < totals.quantities.length; code += 1) {
    const quantity = totals.quantities[code] ?? 0
    const nanos = totals.nanos[code] ?? 0n
    if (quantity !== 0 || nanos !== 0n) writer.write(code).write(quantity).write(nanos)
  }
  return writer.take()
}

/** Adds the bytes of a rollup row to sums by meter. */
export function addPackedMeters(totals: MeterTotals, packed: Uint8Array): void {
  const reader = new VarintReader(packed)
  while (!reader.done) {
    const code = reader.readNumber()
    invariant(code < meterNames.length, 'A rollup row names a meter that this version does not know.')
    const quantity = reader.readNumber()
    addToCode(totals, code, quantity, reader.readBigInt())
  }
}
