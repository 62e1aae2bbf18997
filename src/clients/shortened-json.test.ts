import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ShortenedJson } from './shortened-json.ts'

/** The value of a text that comes in pieces of so many bytes. */
function read(text: string, size: number): unknown {
  const bytes = Buffer.from(text)
  const json = new ShortenedJson()
  for (let from = 0; from < bytes.length; from += size) json.add(bytes.subarray(from, from + size))
  return json.value()
}

describe('shortened JSON', () => {
  test('is what was sent, where no text is long, however it comes in pieces', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.integer({ min: 1, max: 40 }), (value, size) => {
        expect(read(JSON.stringify(value, null, 1), size)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test('keeps the beginning of a long text, and all that comes after it', () => {
    const text = JSON.stringify({ data: [{ b64_json: 'A'.repeat(1_000_000) }], usage: { total_tokens: 7 } })
    expect(read(text, 1000)).toEqual({ data: [{ b64_json: 'A'.repeat(2048) }], usage: { total_tokens: 7 } })
  })

  test('cuts no escape in two', () => {
    for (let before = 2040; before < 2050; before += 1) {
      const text = `{"a":"${'x'.repeat(before)}${String.raw`\u00e9\"\\`.repeat(20)}","b":1}`
      expect(read(text, 7)).toMatchObject({ b: 1 })
    }
  })

  test('is text where what came is no JSON', () => {
    expect(read('upstream failed', 4)).toBe('upstream failed')
  })
})
