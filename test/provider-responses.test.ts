import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseUsd } from '../src/money/nanos.ts'
import { loadShippedCatalog } from '../src/pricing/load-shipped.ts'
import { priceUsage } from '../src/pricing/price-usage.ts'
import { readUsage } from '../src/usage/read-usage.ts'

// Real responses of providers, each with the price that another implementation gives for it. The file is not part of
// this repository; where it is absent, the cases of test/usage-cases stand alone.
const file = new URL('../../shared/data/provider-responses.jsonl', import.meta.url)
const isThere = existsSync(file)

/** The prices were made at the start of August 2026: gpt-5.6-sol became cheaper on 2026-08-21. */
const at = Date.parse('2026-08-01')

interface Case {
  readonly provider: string
  readonly api: string
  readonly body: unknown
  readonly expectedUsd: string
}

/** Where the other side is wrong: line of the file, and ours by the vendor's published rule. */
const otherSideIsWrong: Readonly<Record<number, { readonly model: string; readonly nanos: bigint | 'unpriced'; readonly why: string }>> = {
  76: {
    model: 'claude-sonnet-4-5-20250929',
    // 16,083 × 3,000 + 165 × 15,000 + 1 × 10,000,000
    nanos: 60_724_000n,
    why: 'One web search is billed at $10 per 1,000, apart from the tokens; the other side leaves it out. https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool',
  },
  97: {
    model: 'gemini-3-flash-preview',
    // (5 × 500 + 52 × 3,000) × 0.5
    nanos: 79_250n,
    why: 'The call was served as flex (trafficType ON_DEMAND_FLEX), at half the standard price; the other side takes the standard one. https://docs.cloud.google.com/vertex-ai/generative-ai/docs/flex-paygo',
  },
  124: {
    model: 'claude-sonnet-4-6',
    // (220 + 55,196) × 3,000 + (8 + 125) × 15,000
    nanos: 168_243_000n,
    why: 'The totals leave the compaction of 55,196 + 125 tokens out, which is billed like any sampling; the other side reads the totals alone. https://platform.claude.com/docs/en/build-with-claude/compaction',
  },
  347: {
    model: 'gpt-oss-120b',
    nanos: 'unpriced',
    why: 'OpenAI gives the weights away and sells no calls of this model; the other side takes the price of another host. https://developers.openai.com/api/docs/pricing',
  },
  424: {
    model: 'gpt-4o-audio-preview-2024-12-17',
    // 20 × 2,500 + 44 × 40,000 + 9 × 10,000
    nanos: 1_900_000n,
    why: 'Audio input costs $40 per million tokens; the other side has no audio price for the model and takes that of text. https://developers.openai.com/api/docs/pricing',
  },
}

describe.skipIf(!isThere)('476 real responses (skipped where ../shared/data/provider-responses.jsonl is absent)', () => {
  const cases = isThere ? readCases() : []
  const catalog = loadShippedCatalog()

  function priceOf({ provider, api, body }: Case): { model: string; nanos: bigint | string } {
    const { model, ...reading } = readUsage({ provider, api, body })
    const priced = priceUsage(catalog, { provider, model: model ?? '', at, ...reading })
    return { model: model ?? '', nanos: priced.status === 'priced' ? priced.costNanos : priced.status }
  }

  test('are all there', () => {
    expect(cases).toHaveLength(476)
  })

  test('cost to the nano what the other side says, but for those where it is wrong', () => {
    const differing = cases.flatMap((each, index) => {
      const line = index + 1
      const { model, nanos } = priceOf(each)
      const expected = parseUsd(each.expectedUsd)
      return nanos === expected || line in otherSideIsWrong ? [] : `line ${line}, ${model}: ours ${nanos}, theirs ${expected}`
    })
    expect(differing).toEqual([])
  })

  test.each(Object.entries(otherSideIsWrong))('line %s: %o', (line, { model, nanos }) => {
    const differing = cases[Number(line) - 1] as Case
    expect(priceOf(differing)).toEqual({ model, nanos })
    expect(parseUsd(differing.expectedUsd)).not.toBe(nanos)
  })
})

function readCases(): Case[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Case)
}
