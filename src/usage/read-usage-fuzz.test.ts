import { readdirSync, readFileSync } from 'node:fs'
import { assert, constantFrom, double, integer, oneof, property, string } from 'fast-check'
import { expect, it } from 'vitest'
import { PurserError } from '../errors.ts'
import { readUsage, type UsageSource } from './read-usage.ts'
import { parseUsage } from './usage.ts'

const casesUrl = new URL('../../test/usage-cases/', import.meta.url)
const sources = readdirSync(casesUrl).flatMap((file) => JSON.parse(readFileSync(new URL(file, casesUrl), 'utf8')) as UsageSource[])

const strange = oneof(
  constantFrom(null, -1, 0.5, 1e300, '', '12', 'many', true, [], {}, [null], { a: 1 }, Number.NaN),
  integer(),
  double(),
  string(),
)

/** Puts a strange value in place of one field, anywhere in the body. */
function spoil(value: unknown, at: number, replacement: unknown): { value: unknown; left: number } {
  if (typeof value !== 'object' || value === null) return { value, left: at }
  let left = at
  const entries = Object.entries(value).map(([name, inner]) => {
    left -= 1
    if (left === 0) return [name, replacement]
    const spoiled = left > 0 ? spoil(inner, left, replacement) : { value: inner, left }
    left = spoiled.left
    return [name, spoiled.value]
  })
  return { value: Array.isArray(value) ? entries.map((entry) => entry[1]) : Object.fromEntries(entries), left }
}

it('a strange value anywhere in a response gives a valid usage, or says that there is none', () => {
  assert(
    property(constantFrom(...sources), integer({ min: 1, max: 30 }), strange, ({ provider, api, body }, at, replacement) => {
      try {
        const { usage } = readUsage({ provider, api, body: spoil(body, at, replacement).value })
        expect(parseUsage(usage)).toEqual(usage)
      } catch (error) {
        if (!(error instanceof PurserError) || error.code !== 'PURSER_UNREADABLE_USAGE') throw error
      }
    }),
    { numRuns: 2000 },
  )
})
