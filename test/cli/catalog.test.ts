import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { catalogDiffShape, catalogListShape, catalogResetShape, costsShape, pricedShape, repriceShape } from '../../src/json/json-shapes.ts'
import { cardSchema } from '../../src/pricing/sources/card-schema.ts'
import { displayWidth } from '../../src/text/display-width.ts'
import { newMachine, root } from './run-purser.ts'

const cards = z.array(cardSchema)

describe('catalog', () => {
  test('lists providers, and the models of one', async () => {
    const machine = newMachine()
    const { providers } = await machine.json(catalogListShape, ['catalog', 'list'])
    expect(providers?.map(({ provider }) => provider)).toEqual(
      expect.arrayContaining(['anthropic', 'openai', 'google', 'elevenlabs', 'local']),
    )
    const { models } = await machine.json(catalogListShape, ['catalog', 'list', 'elevenlabs'])
    expect(models?.map(({ model }) => model)).toContain('eleven_multilingual_v2')
    expect((await machine.run(['catalog', 'list', 'nobody'])).code).toBe(2)
  })

  test('shows the card behind a name in the wild', async () => {
    const machine = newMachine()
    const [card] = await machine.json(cards, ['catalog', 'show', 'openai', 'gpt-4o-2024-08-06'])
    expect(card?.rates).toContainEqual({ meter: 'inputTokens', usd: '2.5', per: 1_000_000 })
    const { out } = await machine.run(['catalog', 'show', 'openai/gpt-4o'])
    expect(out).toMatch(/inputTokens +\$2\.5\/M/)
    const unknown = await machine.run(['catalog', 'show', 'openai', 'gpt-4oo'])
    expect([unknown.code, unknown.err.includes('gpt-4o')]).toEqual([2, true])
  })

  test('the tables fit the terminal', async () => {
    const machine = newMachine()
    machine.write('prices.json', JSON.stringify({ ...liteLlm, ...wrong }))
    for (const args of [
      ['list', 'openai'],
      ['search', 'claude'],
      ['show', 'openai', 'gpt-4o'],
    ]) {
      const { code, out } = await machine.run(['catalog', ...args], { env: { COLUMNS: '70' } })
      expect(code).toBe(0)
      const table = out.split('\n').filter((line) => !/^ {2}|×/.test(line))
      expect(Math.max(...table.map(displayWidth))).toBeLessThanOrEqual(70)
    }
    expect((await machine.run(['catalog', 'list'])).out).toMatch(/^elevenlabs {2}\d+ models$/m)
    expect((await machine.run(['catalog', 'search', 'no such name'])).err).toContain('No model')
    const { out } = await machine.run(['catalog', 'diff', 'prices.json'])
    expect(out).toMatch(/gpt-4o +inputTokens +\$2\.5\/M +\$2\/M +-20%/)
  })

  test('searches names', async () => {
    const { models } = await newMachine().json(catalogListShape, ['catalog', 'search', 'WHISPER'])
    expect(models?.some(({ model }) => model === 'whisper-1')).toBe(true)
  })
})

const liteLlm = {
  'gpt-4o': {
    litellm_provider: 'openai',
    mode: 'chat',
    input_cost_per_token: 2e-6,
    output_cost_per_token: 1e-5,
    cache_read_input_token_cost: 1.25e-6,
  },
  'zeta-9': { litellm_provider: 'acme', mode: 'chat', input_cost_per_token: 1e-6, output_cost_per_token: 4e-6 },
}
const wrong = { 'odd-1': { litellm_provider: 'acme', mode: 'chat', input_cost_per_token: 0.015, output_cost_per_token: 0.015 } }

describe('catalog diff and update', () => {
  test('shows what a list changes, applies it only when told, and leaves what is booked alone', async () => {
    const machine = newMachine()
    machine.write('prices.json', JSON.stringify(liteLlm))
    const price = ['price', '--provider', 'openai', '--model', 'gpt-4o', '--usage', 'inputTokens=1000000', '--db', 'spend.db']
    await machine.run(['record', ...price.slice(1), '--at', '2026-11-01'])
    const looked = await machine.json(catalogDiffShape, ['catalog', 'update', 'prices.json', '--db', 'spend.db'])
    expect(looked).toMatchObject({ format: 'litellm', cards: 2, applied: false, appliedCards: 0 })
    expect(looked.added).toEqual([{ provider: 'acme', model: 'zeta-9' }])
    expect(looked.changed).toMatchObject([
      { model: 'gpt-4o', rates: expect.arrayContaining([expect.objectContaining({ meter: 'inputTokens', percent: -20 })]) as unknown },
    ])
    expect((await machine.json(pricedShape, price)).costNanos).toBe('2500000000')

    const applied = await machine.json(catalogDiffShape, ['catalog', 'update', 'prices.json', '--apply', '--db', 'spend.db'])
    expect(applied).toMatchObject({ applied: true, appliedCards: 2 })
    expect(await machine.json(pricedShape, price)).toMatchObject({ costNanos: '2000000000', card: { origin: 'refreshed' } })
    // What the list does not know of is kept: a batch still costs half.
    expect((await machine.json(pricedShape, [...price, '--service-tier', 'batch'])).costNanos).toBe('1000000000')
    expect((await machine.json(costsShape, ['costs', '--period', 'all', '--db', 'spend.db'])).total.costNanos).toBe('2500000000')

    await machine.json(catalogResetShape, ['catalog', 'update', '--reset', '--db', 'spend.db'])
    expect((await machine.json(pricedShape, price)).costNanos).toBe('2500000000')
  })

  test('refuses a list with prices that cannot be right, or leaves those out', async () => {
    const machine = newMachine()
    machine.write('prices.json', JSON.stringify({ ...liteLlm, ...wrong }))
    const refused = await machine.run(['catalog', 'update', 'prices.json', '--apply', '--db', 'spend.db'])
    expect(refused.code).toBe(2)
    expect(refused.err).toContain('--skip-rejected')
    expect(refused.out).toContain('odd-1')
    expect(existsSync(resolve(machine.folder, 'spend.db'))).toBe(false)
    const applied = await machine.json(catalogDiffShape, [
      'catalog',
      'update',
      'prices.json',
      '--apply',
      '--skip-rejected',
      '--db',
      'spend.db',
    ])
    expect(applied.appliedCards).toBe(2)
    const odd = ['price', '--provider', 'acme', '--model', 'odd-1', '--usage', 'inputTokens=1', '--db', 'spend.db']
    expect((await machine.json(pricedShape, odd)).status).toBe('unpriced')
  })

  test('reads back what show prints, in JSON or YAML', async () => {
    const machine = newMachine()
    const { out } = await machine.run(['catalog', 'show', 'openai', 'gpt-4o', '--json'])
    machine.write('mine.json', out)
    expect(await machine.json(catalogDiffShape, ['catalog', 'diff', 'mine.json', '--model', 'gpt-4o'])).toMatchObject({
      format: 'purser',
      added: [],
      changed: [],
    })
    machine.write(
      'mine.yaml',
      '- provider: acme\n  model: q\n  rates: [{ meter: images, usd: "0.02", per: 1 }]\n  source: the contract\n  checkedAt: "2026-11-01"\n',
    )
    expect((await machine.json(catalogDiffShape, ['catalog', 'diff', 'mine.yaml'])).added).toEqual([{ provider: 'acme', model: 'q' }])
  })

  test('reads a list from an address, and says what the server answered', async () => {
    const server = createServer((request, response) => {
      if (request.url !== '/prices.json') return response.writeHead(404).end()
      return response.end(JSON.stringify(liteLlm))
    })
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
    onTestFinished(() => void server.close())
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const machine = newMachine()
    expect((await machine.json(catalogDiffShape, ['catalog', 'diff', `${address}/prices.json`])).cards).toBe(2)
    const gone = await machine.run(['catalog', 'update', `${address}/gone.json`, '--apply'])
    expect([gone.code, gone.err.includes('the server answered 404')]).toEqual([2, true])
  })

  test('names a source that is missing or none', async () => {
    const machine = newMachine()
    machine.write('text.json', 'hello')
    expect(await machine.run(['catalog', 'diff', 'gone.json'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('gone.json cannot be read') as string,
    })
    expect(await machine.run(['catalog', 'diff', 'text.json'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('not a price list') as string,
    })
    expect((await machine.run(['catalog', 'diff', 'http://127.0.0.1:9/prices.json'])).err).toContain('cannot be read')
  })

  test.skipIf(!existsSync(resolve(root, '../shared/data')))(
    'the errors of a real snapshot are found (skipped where ../shared/data is absent)',
    async () => {
      const machine = newMachine()
      const path = resolve(root, '../shared/data/litellm-prices-2026-08-01.json')
      const refused = await machine.run(['catalog', 'update', path, '--apply', '--db', 'spend.db'])
      expect(refused.code).toBe(2)
      expect(refused.err).toMatch(/\d+ models .* cannot be right, so nothing was applied/)
      const { findings } = await machine.json(catalogDiffShape, ['catalog', 'diff', path])
      expect(findings.some(({ kind }) => kind === 'implausible')).toBe(true)
      expect(findings.filter(({ kind }) => kind === 'costs-nothing').length).toBeGreaterThan(0)
    },
  )
})

describe('reprice', () => {
  test('looks first, then books the difference; the past itself is not touched', async () => {
    const machine = newMachine()
    const db = ['--db', 'spend.db']
    await machine.run(['record', '--provider', 'acme', '--model', 'zeta-9', '--usage', 'inputTokens=1000000', '--at', '2026-02-01', ...db])
    machine.write(
      'purser.yaml',
      'pricing:\n  last_updated: 2026-11-01\n  models:\n    zeta-9: { provider: acme, input_per_million: 3, output_per_million: 15 }\n',
    )
    const dry = await machine.json(repriceShape, ['reprice', ...db])
    expect(dry).toMatchObject({
      applied: false,
      examined: 1,
      corrected: 1,
      differenceUsd: 3,
      models: [{ model: 'zeta-9', newlyPriced: 1 }],
    })
    const total = async () => (await machine.json(costsShape, ['costs', '--period', 'all', ...db])).total
    expect(await total()).toMatchObject({ costNanos: '0', unpricedCalls: 1 })
    expect((await machine.run(['reprice', ...db])).out).toContain('Nothing was booked')
    expect(await machine.json(repriceShape, ['reprice', '--apply', ...db])).toMatchObject({ applied: true, corrected: 1 })
    expect(await total()).toMatchObject({ calls: 1, costNanos: '3000000000', unpricedCalls: 0 })
    expect(await machine.json(repriceShape, ['reprice', '--apply', ...db])).toMatchObject({ examined: 1, corrected: 0 })
    expect((await machine.run(['verify', ...db])).code).toBe(0)
  })

  test('only what is asked for', async () => {
    const machine = newMachine()
    const db = ['--db', 'spend.db']
    await machine.run(['record', '--provider', 'openai', '--model', 'gpt-4o', '--usage', 'inputTokens=1', ...db])
    expect(await machine.json(repriceShape, ['reprice', '--provider', 'acme', ...db])).toMatchObject({ examined: 0 })
    expect(await machine.json(repriceShape, ['reprice', '--until', '2020-01-01', ...db])).toMatchObject({ examined: 0 })
    expect(await machine.json(repriceShape, ['reprice', '--model', 'gpt-4o', ...db])).toMatchObject({ examined: 1, corrected: 0 })
  })
})

describe('what a subscription covers, and what would lose its price', () => {
  test('are told apart from what repricing changes', async () => {
    const machine = newMachine()
    const db = ['--db', 'spend.db']
    const prices = (model: string, usd: number): string =>
      `    ${model}: { provider: acme, input_per_million: ${usd}, output_per_million: 15 }\n`
    const head = 'pricing:\n  last_updated: 2026-11-01\n  models:\n'
    machine.write('purser.yaml', head + prices('zeta-9', 3) + prices('eta-1', 3))
    const call = ['record', '--provider', 'acme', '--usage', 'inputTokens=1000000', ...db]
    await machine.run([...call, '--model', 'zeta-9'])
    await machine.run([...call, '--model', 'zeta-9', '--basis', 'plan'])
    await machine.run([...call, '--model', 'eta-1'])
    machine.write('purser.yaml', head + prices('zeta-9', 5))
    // From $3 to $5 for a million, once spent and once covered by a plan.
    const report = await machine.json(repriceShape, ['reprice', ...db])
    expect(report).toMatchObject({ corrected: 2, differenceNanos: '2000000000', planDifferenceNanos: '2000000000' })
    expect(report.models.map(({ model, losing }) => [model, losing])).toEqual([
      ['zeta-9', 0],
      ['eta-1', 1],
    ])
    const { out, err } = await machine.run(['reprice', ...db])
    expect(out).toContain('2 of 3 charges, +$2.00 in all, and +$2.00 of list prices that a plan covers.')
    expect(err).toContain('1 charge of acme/eta-1 has a price that the catalog in force no longer gives; it keeps it.')
  })
})

describe('tables of prices', () => {
  test('show whole names in 80 columns, and the plural of what is billed', async () => {
    const machine = newMachine()
    const { out } = await machine.run(['catalog', 'list', 'openai'])
    expect(out).toContain('gpt-4o-mini-search-preview')
    expect(out).not.toMatch(/^openai +\S*…/m)
    expect((await machine.run(['catalog', 'show', 'openai', 'gpt-4o-search-preview'])).out).toMatch(/\/1,000 searches/)
  })

  test('a difference says by reason what could not be read', async () => {
    const machine = newMachine()
    machine.write(
      'prices.json',
      JSON.stringify({
        'gpt-4o': { litellm_provider: 'openai', mode: 'chat', input_cost_per_token: 0.0000025, output_cost_per_token: 0.00001 },
        'zeta-9': {
          litellm_provider: 'acme',
          mode: 'chat',
          input_cost_per_token: 0.000001,
          output_cost_per_token: 0.000002,
          cost_per_dance: 1,
        },
      }),
    )
    const { out } = await machine.run(['catalog', 'diff', 'prices.json'])
    expect(out).toMatch(/Entries that could not be read\n {2}1 × .+\n {6}acme\/zeta-9 cost_per_dance/)
  })
})
