import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { VarintReader, VarintWriter } from './varint.ts'

const numbers = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 52, 0, -1, 2 ** 30, -(2 ** 30), 2 ** 30 - 1),
)
const bigints = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

test('any numbers come back in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(numbers, bigints), { maxLength: 30 }), (values) => {
      const writer = new VarintWriter()
      for (const value of values) writer.write(value)
      const reader = new VarintReader(writer.take())
      expect(values.map((value) => (typeof value === 'bigint' ? reader.readBigInt() : reader.readNumber()))).toEqual(values)
      expect(reader.done).toBe(true)
    }),
    { numRuns: 300, seed: 1 },
  )
})

test('small numbers take one byte, and take gives only what is new', () => {
  const writer = new VarintWriter()
  expect(writer.write(0).write(-1).write(1).write(63).write(-64).take()).toEqual(Uint8Array.of(0, 1, 2, 126, 127))
  expect(writer.write(64).take()).toEqual(Uint8Array.of(128, 1))
  expect(writer.take()).toHaveLength(0)
})

test('a long record makes the writer grow', () => {
  const writer = new VarintWriter()
  for (let n = 0; n < 40_000; n += 1) writer.write(2 ** 40 + n)
  const reader = new VarintReader(writer.take())
  for (let n = 0; n < 40_000; n += 1) expect(reader.readNumber()).toBe(2 ** 40 + n)
})

test('a record that was cut off is an error, not a number', () => {
  for (const bytes of [[], [128], [255, 255]]) {
    expect(() => new VarintReader(Uint8Array.from(bytes)).readNumber()).toThrowError(/middle of a number/)
    expect(() => new VarintReader(Uint8Array.from(bytes)).readBigInt()).toThrowError(/middle of a number/)
  }
  expect(() => new VarintReader(new VarintWriter().write(2n ** 60n).take()).readNumber()).toThrowError(/2\^53/)
})
