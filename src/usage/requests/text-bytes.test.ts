import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonBytes, textBytes } from './text-bytes.ts'

test.each([
  ['', 0],
  ['Hello', 5],
  ['é', 2],
  ['世界', 6],
  // Four bytes, two UTF-16 units.
  ['😀', 4],
  // 3 bytes, whose compatibility form is 18 Arabic characters in 33 bytes.
  ['\u{FDFA}', 33],
  // Half a pair is replaced by U+FFFD, of 3 bytes.
  ['\uD83D', 3],
])('the bytes that bound the tokens of %j are %i', (text, bytes) => {
  expect(textBytes(text)).toBe(bytes)
})

test.each([
  [{ a: 'b' }, 9],
  // As an escape of six characters in two quotes.
  ['世', 8],
  ['😀', 14],
  [undefined, 0],
])('JSON of %j takes at most %i bytes in any spelling', (value, bytes) => {
  expect(jsonBytes(value)).toBe(bytes)
})

test('no text has fewer than its UTF-8 bytes, and no JSON fewer than its text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(textBytes(text)).toBeGreaterThanOrEqual(new TextEncoder().encode(text).length)
      expect(jsonBytes({ text })).toBeGreaterThanOrEqual(new TextEncoder().encode(JSON.stringify({ text })).length)
    }),
  )
})
