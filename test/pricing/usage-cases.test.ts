import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { loadShippedCatalog } from '../../src/pricing/load-shipped.ts'
import { priceUsage } from '../../src/pricing/price-usage.ts'
import { readUsage } from '../../src/usage/read-usage.ts'

interface UsageCase {
  readonly name: string
  readonly provider: string
  readonly api: string
  readonly body: unknown
  readonly at?: string
  readonly expectedNanos?: string
  readonly why?: string
}

const folder = new URL('../usage-cases/', import.meta.url)
const catalog = loadShippedCatalog()
const cases = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as UsageCase[])
  .filter((each) => each.expectedNanos !== undefined)

describe('responses written by hand cost what the vendor publishes', () => {
  test('at least forty of them show their arithmetic', () => {
    expect(cases.length).toBeGreaterThanOrEqual(40)
    expect(cases.filter(({ why }) => why === undefined)).toEqual([])
  })

  test.each(cases)('$provider $api: $name ($why)', ({ provider, api, body, at = '2026-09-23T00:00:00Z', expectedNanos }) => {
    const { model, ...reading } = readUsage({ provider, api, body })
    const priced = priceUsage(catalog, { provider, model: model ?? '', at: Date.parse(at), ...reading })
    expect(priced.status === 'unpriced' ? priced.message : [priced.status, String(priced.costNanos)]).toEqual(['priced', expectedNanos])
  })
})
