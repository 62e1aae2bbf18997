import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Card, Rate } from './card.ts'
import { fromLiteLlm } from './sources/litellm.ts'
import { type Finding, validateCards } from './validate-cards.ts'

const million = 1_000_000

function card(rates: Rate[], more: Partial<Card> = {}): Card {
  return { provider: 'acme', model: 'm1', rates, source: 'https://acme.example/prices', checkedAt: '2026-08-01', ...more }
}

const input = (usd: string, more: Partial<Rate> = {}): Rate => ({ meter: 'inputTokens', usd, per: million, ...more })
const output = (usd: string): Rate => ({ meter: 'outputTokens', usd, per: million })
const cacheRead = (usd: string): Rate => ({ meter: 'cacheReadTokens', usd, per: million })

function brief(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, kind, message }) => `${severity} ${kind}: ${message}`)
}

describe('a list of cards', () => {
  test('with plausible prices has no findings', () => {
    expect(validateCards([card([input('600'), output('1000'), cacheRead('0.1')])])).toEqual([])
  })

  test('a rate that no vendor asks is an error', () => {
    expect(brief(validateCards([card([input('15000')]), card([{ meter: 'images', usd: '10.01', per: 1 }])]))).toEqual([
      'error implausible: acme/m1: inputTokens costs $15000 per 1000000; more than $1000 per 1000000 is not believed.',
      'error implausible: acme/m1: images costs $10.01; more than $10 is not believed.',
    ])
    expect(validateCards([card([{ meter: 'audioSeconds', usd: '3', per: 3600 }])])).toEqual([])
  })

  test('a negative rate is an error', () => {
    expect(brief(validateCards([card([input('-1')])]))).toEqual([
      'error negative: acme/m1: inputTokens costs $-1 per 1000000, which is negative.',
    ])
  })

  test('a model that costs nothing is an error, unless it is local or free by its name', () => {
    const free = [input('0'), output('0')]
    expect(brief(validateCards([card(free)]))).toEqual([
      'error costs-nothing: acme/m1: it costs $0, and is neither a local nor a free model.',
    ])
    expect(validateCards([card([...free, cacheRead('0.03')])]).map((finding) => finding.kind)).toContain('costs-nothing')
    expect(validateCards([card(free, { provider: 'ollama' }), card(free, { model: 'm1:free' })])).toEqual([])
    expect(validateCards([card([...free, { meter: 'images', usd: '0.04', per: 1 }])])).toEqual([])
  })

  test('a cached token dearer than a fresh one is doubtful', () => {
    expect(brief(validateCards([card([input('2'), cacheRead('2.5')])]))).toEqual([
      'warning cache-read-above-input: acme/m1: a cached token costs $2.5 per 1000000, more than the $2 per 1000000 of a fresh one.',
    ])
    expect(validateCards([card([input('2'), cacheRead('2')])])).toEqual([])
  })

  test('a batch dearer than the standard is doubtful', () => {
    const batch = input('3', { when: { serviceTier: 'batch' } })
    expect(brief(validateCards([card([input('2'), batch])]))).toEqual([
      'warning batch-above-standard: acme/m1: inputTokens costs $3 per 1000000 in a batch, more than the standard $2 per 1000000.',
    ])
  })

  test('two rates for one case are an error', () => {
    expect(validateCards([card([input('2'), input('3')])])).toMatchObject([
      { severity: 'error', kind: 'duplicate-rate', meter: 'inputTokens' },
    ])
    expect(validateCards([card([input('2'), input('4', { from: 200_000 })])])).toEqual([])
  })

  test('digits of a binary fraction are pointed out with what is meant', () => {
    expect(brief(validateCards([card([cacheRead('0.024999999999999998')])]))).toEqual([
      'warning float-noise: acme/m1: cacheReadTokens is written 0.024999999999999998, left over from a binary fraction; 0.025 is meant.',
    ])
  })

  test('a change of more than 30 % against the cards in force is doubtful', () => {
    const before = [card([input('10'), output('10'), cacheRead('0')])]
    const after = [card([input('13'), output('13.1'), cacheRead('1')])]
    expect(brief(validateCards(after, { against: before }))).toEqual([
      'warning changed: acme/m1: outputTokens changes by +31 %: from $10 per 1000000 to $13.1 per 1000000.',
      'warning changed: acme/m1: cacheReadTokens was free: from $0 per 1000000 to $1 per 1000000.',
    ])
    expect(validateCards([card([input('0.01', { per: 1000 })])], { against: before })).toEqual([])
  })
})

const snapshot = new URL('../../../shared/data/litellm-prices-2026-08-01.json', import.meta.url)

describe.skipIf(!existsSync(snapshot))('the errors of a real price list (skipped where its snapshot is absent)', () => {
  type Entry = { mode?: string; litellm_provider?: string; input_cost_per_token?: number; output_cost_per_token?: number }
  const list = existsSync(snapshot) ? (JSON.parse(readFileSync(snapshot, 'utf8')) as Record<string, Entry>) : {}
  const { cards } = fromLiteLlm(list, { checkedAt: '2026-08-01' })
  const findings = validateCards(cards)
  const of = (kind: Finding['kind']) => findings.filter((finding) => finding.kind === kind)

  test('the chat models at $0 are found: 70, of which 26 run locally and 3 are free by their name', () => {
    const zero = Object.entries(list).filter(
      ([, entry]) => entry.mode === 'chat' && entry.input_cost_per_token === 0 && entry.output_cost_per_token === 0,
    )
    expect(zero).toHaveLength(70)
    const local = zero.filter(([, entry]) => ['ollama', 'lemonade'].includes(entry.litellm_provider ?? ''))
    expect(local).toHaveLength(26)
    const freeByName = /-Free$|\/free$|gemma-3/
    const wrong = zero.filter((entry) => !local.includes(entry)).filter(([name]) => !freeByName.test(name))
    expect(wrong).toHaveLength(41)
    const found = new Set(of('costs-nothing').map((finding) => finding.model))
    expect(wrong.filter(([name]) => ![...found].some((model) => name.endsWith(model)))).toEqual([])
  })

  test('the rates above $1,000 per million tokens are found: 30, on 16 models', () => {
    // The same count, taken from the file itself.
    const listed = Object.values(list).flatMap((entry) => [entry.input_cost_per_token, entry.output_cost_per_token])
    expect(listed.filter((usd) => usd !== undefined && usd > 0.001)).toHaveLength(30)
    expect(of('implausible')).toHaveLength(30)
    expect(new Set(of('implausible').map((finding) => finding.model)).size).toBe(16)
    expect(brief(of('implausible'))).toContain(
      'error implausible: wandb/openai/gpt-oss-120b: inputTokens costs $15000 per 1000000; more than $1000 per 1000000 is not believed.',
    )
  })

  test('digits of binary fractions are found', () => {
    expect(brief(of('float-noise'))).toContain(
      'warning float-noise: databricks/databricks-claude-3-7-sonnet: inputTokens is written 2.9999900000000002, left over from a binary fraction; 2.99999 is meant.',
    )
  })
})
