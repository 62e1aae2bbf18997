import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nanos } from '../money/nanos.ts'
import { readRequest } from '../usage/requests/read-request.ts'
import { boundRequest } from './bound-request.ts'
import { largestOutput } from './largest-output.ts'
import { loadShippedCatalog } from './load-shipped.ts'

const catalog = loadShippedCatalog()
const at = Date.parse('2026-11-01')
const plain = (body: object) =>
  readRequest({ provider: 'openai', api: 'plain', body: { model: 'gpt-4o', inputTokens: 1000, cacheWrites: [], ...body } })

describe('shrink to fit', () => {
  // gpt-4o: 1000 tokens of prompt cost $0.0025, each of output $0.00001.
  test.each([
    ['all of it fits', 200, 4_500_000n, 200],
    ['one nano too little takes a token', 200, 4_499_999n, 199],
    ['a hundred tokens', 200, 3_500_000n, 100],
    ['only the least', 200, 2_510_000n, 1],
    ['not even that', 200, 2_509_999n, undefined],
    ['nothing is left', 200, 0n, undefined],
  ])('%s', (_, asked, left, fits) => {
    expect(largestOutput(catalog, plain({ maxOutputTokens: asked }), { at }, { cost: nanos(left) })).toBe(fits)
  })

  test('each choice gets the same', () => {
    expect(largestOutput(catalog, plain({ maxOutputTokens: 200, choices: 4 }), { at }, { cost: nanos(4_500_000n) })).toBe(50)
  })

  test('tokens are a limit too, and the narrower one decides', () => {
    const request = plain({ maxOutputTokens: 200 })
    expect(largestOutput(catalog, request, { at }, { tokens: 1050 })).toBe(50)
    expect(largestOutput(catalog, request, { at }, { tokens: 1050, cost: nanos(2_600_000n) })).toBe(10)
    expect(largestOutput(catalog, request, { at }, { tokens: 1000 })).toBeUndefined()
  })

  test('a request without a longest answer gets one', () => {
    const open = readRequest({ provider: 'openai', api: 'plain', body: { model: 'gpt-6-sol', inputTokens: 0, cacheWrites: [] } })
    const found = largestOutput(catalog, open, { at }, { cost: nanos(1_000_000n) })
    expect(boundRequest(catalog, open, { at }).kind).toBe('unbounded')
    expect(boundRequest(catalog, { ...open, maxOutputTokens: found ?? 0 }, { at })).toMatchObject({ kind: 'bounded' })
  })

  test('below what the provider takes there is none', () => {
    const thinking = { type: 'enabled', budget_tokens: 2000 }
    const body = { model: 'claude-sonnet-4-5', messages: [], max_tokens: 4000, thinking }
    const request = readRequest({ provider: 'anthropic', api: 'messages', body, inputTokens: 0 })
    expect(largestOutput(catalog, request, { at }, { cost: nanos(15_000n * 2001n) })).toBe(2001)
    expect(largestOutput(catalog, request, { at }, { cost: nanos(15_000n * 2000n) })).toBeUndefined()
  })

  test('what else is unbounded, unpriced or puts out no tokens cannot be shrunk', () => {
    const cost = nanos(10n ** 12n)
    expect(largestOutput(catalog, plain({ model: 'unheard-of', maxOutputTokens: 1 }), { at }, { cost })).toBeUndefined()
    const stored = readRequest({ provider: 'openai', api: 'responses', body: { model: 'gpt-4o', input: 'Hi', conversation: 'c' } })
    expect(largestOutput(catalog, stored, { at }, { cost })).toBeUndefined()
    const speech = readRequest({ provider: 'openai', api: 'speech', body: { model: 'tts-1', input: 'Hi' } })
    expect(largestOutput(catalog, speech, { at }, { cost })).toBeUndefined()
  })

  test('it fits, and one token more would not', () => {
    const models = ['gpt-4o', 'gpt-5.4', 'o1-pro', 'gpt-4o-mini', 'gpt-5.6-sol']
    fc.assert(
      fc.property(
        fc.constantFrom(...models),
        fc.nat(300_000),
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 1, max: 3 }),
        fc.bigInt(0n, 10n ** 10n),
        (model, inputTokens, maxOutputTokens, choices, left) => {
          const request = plain({ model, inputTokens, maxOutputTokens, choices })
          const fits = (most: number) => {
            const bound = boundRequest(catalog, { ...request, maxOutputTokens: most }, { at })
            return bound.kind === 'bounded' && bound.cost.worst <= left
          }
          const found = largestOutput(catalog, request, { at }, { cost: nanos(left) })
          if (found === undefined) return !fits(1)
          return fits(found) && (found === maxOutputTokens || !fits(found + 1))
        },
      ),
      { numRuns: 500 },
    )
  })
})
