import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { draftCharge } from '../../src/ledger/draft-charge.ts'
import { loadShippedCatalog } from '../../src/pricing/load-shipped.ts'
import { priceUsage } from '../../src/pricing/price-usage.ts'
import type { PriceRequest } from '../../src/pricing/priced.ts'
import { readUsage, type UsageSource } from '../../src/usage/read-usage.ts'
import { pricedShape, recordedShape } from '../../src/json/json-shapes.ts'
import { newMachine } from '../cli/run-purser.ts'

const catalog = loadShippedCatalog()
const price = (request: PriceRequest) => priceUsage(catalog, request)
const now = Date.parse('2026-11-01')

const cases = new URL('../usage-cases/', import.meta.url)
const responses = readdirSync(cases).flatMap((file) => JSON.parse(readFileSync(new URL(file, cases), 'utf8')) as UsageSource[])

describe('attributes that make no difference', () => {
  test('are not what readers take from responses: no such call carries the warning', () => {
    const warned = responses.filter(({ provider, api, body }) => {
      const { model, ...reading } = readUsage({ provider, api, body })
      const priced = price({ provider, model: model ?? '', at: now, ...reading })
      return priced.status !== 'unpriced' && priced.ignoredAttributes !== undefined
    })
    expect(warned).toEqual([])
  })

  test('are a warning on the charge, once however often it is priced', () => {
    const usage = { images: 1, attributes: { resolution: '4K' } }
    const read = { code: 'assumed', message: 'as before' } as const
    const call = { provider: 'openai', model: 'dall-e-3', usage, at: now, labels: {}, warnings: [read] }
    const charge = draftCharge(call, price, now)
    const ignored = { code: 'ignored-attribute', message: expect.stringContaining('does not go by "resolution" but by quality') as string }
    expect(charge.warnings).toEqual([read, ignored])
    expect(draftCharge({ ...call, warnings: charge.warnings }, price, now).warnings).toEqual([read, ignored])
    const right = { ...call, usage: { images: 1, attributes: { size: '1792x1024', quality: 'hd' } }, warnings: charge.warnings }
    expect(draftCharge(right, price, now).warnings).toEqual([read])
  })

  test('are said by price and record, in text and in JSON', async () => {
    const machine = newMachine()
    const call = ['--provider', 'openai', '--model', 'dall-e-3', '--usage', 'images=1', '--attribute', 'resolution=1792x1024']
    const said =
      'The price of openai/dall-e-3 does not go by "resolution" but by quality (standard, hd) and size (1024x1024, 1024x1792, 1792x1024), which are not given: the default was taken.'
    const warnings = [{ code: 'ignored-attribute', message: said }]
    expect((await machine.run(['price', ...call])).err).toBe(`warning: ${said}\n`)
    expect(await machine.json(pricedShape, ['price', ...call])).toMatchObject({ status: 'priced', costUsd: 0.04, warnings })
    expect((await machine.run(['record', ...call])).err).toContain(`warning: ${said}`)
    expect(await machine.json(recordedShape, ['record', ...call])).toMatchObject({ warnings })
    const input = JSON.stringify({ provider: 'openai', model: 'dall-e-3', usage: { images: 1, attributes: { resolution: '4K' } } })
    expect(JSON.parse((await machine.run(['price', '--jsonl'], { input })).out)).toMatchObject({
      warnings: [{ code: 'ignored-attribute' }],
    })
    const sized = [
      '--provider',
      'openai',
      '--model',
      'dall-e-3',
      '--usage',
      'images=1',
      '--attribute',
      'size=1792x1024,style=vivid,quality=hd',
    ]
    expect(await machine.json(recordedShape, ['record', ...sized])).toMatchObject({ warnings: [] })
  })
})
