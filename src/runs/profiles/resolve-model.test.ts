import { describe, expect, test } from 'vitest'
import { loadShippedCatalog } from '../../pricing/load-shipped.ts'
import { parseOwnerCards } from '../../pricing/owner-cards.ts'
import { resolveModel } from './resolve-model.ts'

const at = Date.parse('2026-11-20T12:00:00Z')
const shipped = loadShippedCatalog({ owner: [], refreshed: [] })

describe('the name of a model', () => {
  test.each([
    ['openai/gpt-4o', 'openai', 'gpt-4o'],
    // Providers go by the names that people use.
    ['gemini/gemini-2.5-flash', 'google', 'gemini-2.5-flash'],
    // Alone it is its maker's, although Azure, Bedrock and Vertex serve the same names.
    ['gpt-4o', 'openai', 'gpt-4o'],
    ['claude-sonnet-4-5', 'anthropic', 'claude-sonnet-4-5'],
    ['gemini-2.5-flash', 'google', 'gemini-2.5-flash'],
    // A dated name is the model without the date.
    ['gpt-4o-mini-2024-07-18', 'openai', 'gpt-4o-mini-2024-07-18'],
    // What one provider alone serves needs no other word.
    ['llama-3.3-70b-versatile', 'groq', 'llama-3.3-70b-versatile'],
  ])('%s', (written, provider, model) => {
    expect(resolveModel(shipped, written, at)).toEqual({ kind: 'known', provider, model })
  })

  test('that nobody knows comes with the nearest ones, and never as a local model that is free', () => {
    expect(resolveModel(shipped, 'gpt4o', at)).toMatchObject({
      kind: 'unknown',
      provider: null,
      model: 'gpt4o',
      message: expect.stringMatching(/^No price is known for the model "gpt4o"\. Nearest known: openai\/gpt-4o/) as string,
    })
    expect(resolveModel(shipped, 'openai/gpt-4o-mni', at)).toMatchObject({
      kind: 'unknown',
      provider: 'openai',
      model: 'gpt-4o-mni',
      message: expect.stringContaining('openai/gpt-4o-mini') as string,
    })
    expect(resolveModel(shipped, 'nobody/at-all', at)).toMatchObject({ kind: 'unknown', provider: 'nobody', model: 'at-all' })
  })

  test('with a price of the owner is the owner’s', () => {
    const { cards } = parseOwnerCards(
      { models: { 'gpt-4o': { provider: 'azure', input_per_million: 2, output_per_million: 8 } } },
      { source: 'purser.yaml' },
    )
    const own = loadShippedCatalog({ owner: cards, refreshed: [] })
    expect(resolveModel(own, 'gpt-4o', at)).toEqual({ kind: 'known', provider: 'azure', model: 'gpt-4o' })
  })

  test('that several serve and none of them makes must say whose it is', () => {
    const price = { input_per_million: 1, output_per_million: 1 }
    const { cards } = parseOwnerCards({ hostA: { 'open-model': price }, hostB: { 'open-model': price } }, { source: 'purser.yaml' })
    const own = loadShippedCatalog({ owner: cards, refreshed: [] })
    expect(resolveModel(own, 'open-model', at)).toEqual({
      kind: 'unknown',
      provider: null,
      model: 'open-model',
      message: expect.stringMatching(/is served by several; say which: host.*\/open-model, host.*\/open-model\.$/i) as string,
    })
  })
})
