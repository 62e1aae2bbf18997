import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromWire, toWire } from './wire.ts'

const scalar = fc.oneof(
  fc.string(),
  fc.boolean(),
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
  fc.integer(),
  fc.constantFrom(Infinity, -Infinity),
  fc.uint8Array(),
)
const key = fc.oneof(fc.string(), fc.constantFrom('$bigint', '$object', '$map', '__proto__'))
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('value')),
    fc.array(fc.tuple(key, tie('value'))).map((entries) => Object.fromEntries(entries)),
    fc.array(fc.tuple(key, tie('value'))).map((entries) => new Map(entries)),
  ),
}))

test('whatever is sent arrives as it was', () => {
  fc.assert(
    fc.property(value, (sent) => {
      expect(fromWire(JSON.parse(JSON.stringify(toWire(sent))))).toStrictEqual(sent)
    }),
    { seed: 7 },
  )
})

test.each([{ $bigint: '1.5' }, { $bigint: 1 }, { $bytes: '%' }, { $map: [[1]] }, { $object: 'x' }, { $gold: 1 }])(
  '%j is refused',
  (sent) => {
    expect(() => fromWire(sent)).toThrow(TypeError)
  },
)
