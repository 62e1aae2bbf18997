import { calcPrice } from '@pydantic/genai-prices'
import { loadShippedCatalog } from '../src/pricing/load-shipped.ts'
import { priceUsage } from '../src/pricing/price-usage.ts'
import type { Usage } from '../src/usage/usage.ts'

/** One call, as purser sees it and as genai-prices does: its input total includes what was cached. */
interface Call {
  readonly name: string
  readonly provider: string
  readonly model: string
  readonly usage: Usage
  readonly peerUsage: Parameters<typeof calcPrice>[0]
}

const calls: readonly Call[] = withPeerUsage([
  { name: 'gpt-4o', provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 200 } },
  {
    name: 'gpt-4o-mini, cached',
    provider: 'openai',
    model: 'gpt-4o-mini',
    usage: { inputTokens: 1234, cacheReadTokens: 5678, outputTokens: 90 },
  },
  {
    name: 'gpt-5, dated name, reasoning',
    provider: 'openai',
    model: 'gpt-5-2025-08-07',
    usage: { inputTokens: 415, outputTokens: 224, reasoningTokens: 128 },
  },
  { name: 'gpt-5.4, long-context tier', provider: 'openai', model: 'gpt-5.4', usage: { inputTokens: 300_000, outputTokens: 900 } },
  {
    name: 'claude-sonnet-4-5, cache',
    provider: 'anthropic',
    model: 'claude-sonnet-4-5-20250929',
    usage: { inputTokens: 7, cacheReadTokens: 48_211, cacheWrite5mTokens: 1733, outputTokens: 612 },
  },
  {
    name: 'claude-opus-4-6, two periods',
    provider: 'anthropic',
    model: 'claude-opus-4-6',
    usage: { inputTokens: 900, outputTokens: 1500 },
  },
  { name: 'claude-haiku-4-5', provider: 'anthropic', model: 'claude-haiku-4-5-20251001', usage: { inputTokens: 4612, outputTokens: 80 } },
  { name: 'gemini-2.5-pro, tier', provider: 'google', model: 'gemini-2.5-pro', usage: { inputTokens: 250_000, outputTokens: 1200 } },
  { name: 'gemini-2.5-flash', provider: 'google', model: 'gemini-2.5-flash', usage: { inputTokens: 17, outputTokens: 420 } },
  {
    name: 'gemini-1.5-flash, part nanos',
    provider: 'google',
    model: 'gemini-1.5-flash',
    usage: { inputTokens: 1001, cacheReadTokens: 333, outputTokens: 21 },
  },
  { name: 'mistral-large-2411', provider: 'mistral', model: 'mistral-large-2411', usage: { inputTokens: 321, outputTokens: 123 } },
  { name: 'openrouter model', provider: 'openrouter', model: 'openai/gpt-4o', usage: { inputTokens: 1000, outputTokens: 200 } },
])

function withPeerUsage(list: readonly Omit<Call, 'peerUsage'>[]): Call[] {
  return list.map(({ usage, ...call }) => {
    const { inputTokens = 0, cacheReadTokens = 0, cacheWrite5mTokens = 0, outputTokens = 0 } = usage
    const peerUsage = {
      input_tokens: inputTokens + cacheReadTokens + cacheWrite5mTokens,
      cache_read_tokens: cacheReadTokens,
      cache_write_tokens: cacheWrite5mTokens,
      output_tokens: outputTokens,
    }
    return { usage, peerUsage, ...call }
  })
}

const at = Date.parse('2026-11-01')
const catalog = loadShippedCatalog()

type Price = (call: Call) => number
const ours: Price = ({ provider, model, usage }) => {
  const priced = priceUsage(catalog, { provider, model, usage, at })
  if (priced.status === 'unpriced') throw new Error(priced.message)
  return Number(priced.costNanos) / 1e9
}
const timestamp = new Date(at)
const theirs: Price = ({ provider, model, peerUsage }) => {
  const result = calcPrice(peerUsage, model, { providerId: provider, timestamp })
  if (result === null) throw new Error(`genai-prices has no price for ${model}`)
  return result.total_price
}

function nanosecondsPerCall(price: Price, batch: readonly Call[], rounds: number): number {
  let sum = 0
  const start = process.hrtime.bigint()
  for (let round = 0; round < rounds; round += 1) for (const call of batch) sum += price(call)
  const elapsed = Number(process.hrtime.bigint() - start)
  if (Number.isNaN(sum)) throw new Error('a price is no number')
  return elapsed / (rounds * batch.length)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** Alternates the two, so that whatever else the machine does falls on both. */
function compare(batch: readonly Call[], turns: number, budget: number): { oursNs: number; peerNs: number; ratio: number } {
  const timings: [number, number][] = []
  for (let turn = 0; turn < turns; turn += 1) {
    const oursNs = nanosecondsPerCall(ours, batch, Math.ceil((20 * budget) / batch.length))
    timings.push([oursNs, nanosecondsPerCall(theirs, batch, Math.ceil(budget / batch.length))])
  }
  const [oursNs, peerNs] = [median(timings.map(([own]) => own)), median(timings.map(([, peer]) => peer))]
  return { oursNs: Math.round(oursNs), peerNs: Math.round(peerNs), ratio: Math.round((peerNs / oursNs) * 10) / 10 }
}

for (const call of calls) {
  const difference = Math.abs(ours(call) - theirs(call))
  if (difference > 1e-9) throw new Error(`${call.name}: ours ${ours(call)}, theirs ${theirs(call)}`)
}
compare(calls, 2, 5000)
const mix = compare(calls, 7, 5000)
const each = calls.map((call) => ({ name: call.name, ...compare([call], 3, 1000) }))

if (process.argv.includes('--json')) {
  console.log(
    JSON.stringify({ name: 'pricing', unit: 'ns per call', peer: '@pydantic/genai-prices calcPrice', ...mix, goal: 20, calls: each }),
  )
} else {
  console.log('Price a usage, ns per call (median of alternating turns)\n')
  for (const row of [{ name: `mix of all ${calls.length}`, ...mix }, ...each]) {
    const { name, oursNs, peerNs, ratio } = row
    console.log(
      `${name.padEnd(32)} purser ${String(oursNs).padStart(6)}   genai-prices ${String(peerNs).padStart(6)}   ${ratio.toFixed(1)} x`,
    )
  }
  console.log('\nGoal: 20 x over the mix.')
}
