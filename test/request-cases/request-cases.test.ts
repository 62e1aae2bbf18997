import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { boundRequest } from '../../src/pricing/bound-request.ts'
import { loadShippedCatalog } from '../../src/pricing/load-shipped.ts'
import type { RequestSource } from '../../src/usage/requests/call-request.ts'
import { readRequest } from '../../src/usage/requests/read-request.ts'

interface RequestCase extends RequestSource {
  readonly name: string
  /** The bound in nanos and in tokens, with the arithmetic. */
  readonly nanos?: string
  readonly tokens?: number
  readonly why?: string
  /** Reason and field of everything that cannot be bounded. */
  readonly unbounded?: readonly string[]
  /** A part of the message that says which price is missing. */
  readonly unpriced?: string
  readonly at?: string
  readonly until?: string
}

const folder = new URL('./', import.meta.url)
const catalog = loadShippedCatalog()
const cases = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as RequestCase[])

function boundOf({ at = '2026-11-01T00:00:00Z', until = at, ...source }: RequestCase) {
  return boundRequest(catalog, readRequest(source), { at: Date.parse(at), untilMs: Date.parse(until) })
}

describe('the worst case of a request, worked out by hand', () => {
  test.each(cases.filter(({ nanos }) => nanos !== undefined))('$provider $api: $name ($why)', (each) => {
    const bound = boundOf(each)
    expect(bound.kind === 'bounded' ? [String(bound.cost.worst), bound.tokens.worst] : bound).toEqual([each.nanos, each.tokens])
  })

  test('at least forty of them show their arithmetic', () => {
    const worked = cases.filter(({ nanos }) => nanos !== undefined)
    expect(worked.length).toBeGreaterThanOrEqual(40)
    expect(worked.filter(({ why }) => why === undefined)).toEqual([])
  })
})

describe('what nothing bounds is named, with its place', () => {
  test.each(cases.filter(({ unbounded }) => unbounded !== undefined))('$provider $api: $name', (each) => {
    const bound = boundOf(each)
    expect(bound.kind === 'unbounded' ? bound.reasons.map(({ reason, field }) => `${reason} ${field}`) : bound).toEqual(each.unbounded)
  })
})

describe('what nobody has a price for is unpriced', () => {
  test.each(cases.filter(({ unpriced }) => unpriced !== undefined))('$provider $api: $name', (each) => {
    const bound = boundOf(each)
    expect(bound.kind === 'unpriced' ? bound.message : bound).toContain(each.unpriced)
  })
})
