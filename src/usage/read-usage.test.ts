import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PurserError } from '../errors.ts'
import { tokenMeters } from './meters.ts'
import { findReader, readUsage, usageReaders } from './read-usage.ts'
import { parseUsage, type Usage } from './usage.ts'

interface UsageCase {
  readonly name: string
  readonly provider: string
  readonly api: string
  readonly body: unknown
  readonly expected: { readonly model: string | null; readonly usage: Usage; readonly warnings?: readonly string[] }
  readonly expectedNanos?: string
}

const casesUrl = new URL('../../test/usage-cases/', import.meta.url)

const files = readdirSync(casesUrl).map((file) => ({
  shape: file.replace('.json', ''),
  cases: JSON.parse(readFileSync(new URL(file, casesUrl), 'utf8')) as UsageCase[],
}))

describe.each(files)('$shape', ({ cases }) => {
  it.each(cases)('$name', ({ provider, api, body, expected }) => {
    const { warnings, ...reading } = readUsage({ provider, api, body })
    expect({ ...reading, warnings: warnings.map(({ code }) => code) }).toEqual({ warnings: [], ...expected })
    expect(parseUsage(reading.usage)).toEqual(reading.usage)
  })
})

it('reads at least sixty cases, forty of them with a price worked out by hand', () => {
  const all = files.flatMap(({ cases }) => cases)
  expect(all.length).toBeGreaterThanOrEqual(60)
  expect(all.filter(({ expectedNanos }) => expectedNanos !== undefined).length).toBeGreaterThanOrEqual(40)
})

describe('the reader of a provider and its API', () => {
  it.each([
    ['OpenAI', 'chat.completions', 'openai', 'chat'],
    ['openai', 'chat_completions', 'openai', 'chat'],
    ['openrouter', 'chat', 'together', 'chat'],
    ['gemini', 'generateContent', 'google', 'generate_content'],
    ['vertex', 'generateVideos', 'google', 'predictLongRunning'],
    ['aws', 'converse', 'bedrock', 'converseStream'],
    ['anthropic', 'messages', 'bedrock', 'messages'],
  ])('%s %s is %s %s', (provider, api, otherProvider, otherApi) => {
    expect(findReader(provider, api)).toBe(findReader(otherProvider, otherApi))
  })

  it('differs between OpenAI and servers that only speak its API', () => {
    expect(findReader('openai', 'chat')).not.toBe(findReader('groq', 'chat'))
  })

  it('is unknown by a message that names the nearest and all known', () => {
    const error = errorOf(() => findReader('anthropic', 'mesages'))
    expect(error.code).toBe('PURSER_UNKNOWN_READER')
    expect(error.message).toContain('Did you mean "anthropic messages"?')
    expect(error.message).toContain('bedrock converse')
  })
})

describe('a body without any usage', () => {
  const bodies: unknown[] = [null, 'no json', [], {}, { error: { message: 'overloaded' } }, 7]

  it.each(usageReaders.map((reader) => ({ name: `${reader.providers[0]} ${reader.apis[0]}`, reader })))(
    'is refused by $name',
    ({ reader }) => {
      for (const body of bodies) expect(errorOf(() => reader.read(body)).code).toBe('PURSER_UNREADABLE_USAGE')
    },
  )
})

describe('warnings', () => {
  it('name the field and its number', () => {
    const { warnings } = readUsage({
      provider: 'openai',
      api: 'chat',
      body: { model: 'gpt-4o', usage: { prompt_tokens: '12', completion_tokens: -1, total_tokens: 12, extra: { deep: [0, 5] } } },
    })
    expect(warnings.map(({ message }) => message)).toEqual([
      'usage.prompt_tokens is "12"; it is read as 12.',
      'usage.completion_tokens is -1, which is no quantity; it is counted as 0.',
      'usage.extra.deep[1] is 5; no meter is known for it, so it is not counted.',
    ])
  })

  it('never repeat prose that stands where a number should', () => {
    const { warnings } = readUsage({
      provider: 'openai',
      api: 'chat',
      body: { usage: { prompt_tokens: 'tell me a secret', completion_tokens: 1 } },
    })
    expect(warnings[0]?.message).toBe('usage.prompt_tokens is text of 16 characters, which is no quantity; it is counted as 0.')
  })
})

const dataUrl = new URL('../../../shared/data/provider-responses.jsonl', import.meta.url)

describe.skipIf(!existsSync(dataUrl))('476 real responses (skipped where ../shared/data/provider-responses.jsonl is absent)', () => {
  const responses = existsSync(dataUrl) ? readFileSync(dataUrl, 'utf8').trim().split('\n').map(parseResponse) : []

  it('are all there', () => {
    expect(responses).toHaveLength(476)
  })

  it('sum to the totals they report, but for a compaction that its message leaves out', () => {
    const differing = responses.map(({ source, totals }, index) => ({ line: index + 1, read: sumTokens(readUsage(source).usage), totals }))
    // Line 124: 55196 + 125 tokens of a compaction beside the message's 228.
    expect(differing.filter(({ read, totals }) => read !== totals)).toEqual([{ line: 124, read: 55549, totals: 228 }])
  })

  it('are read without a warning, but for those that hold something strange', () => {
    const warned = responses.flatMap(({ source }, index) => readUsage(source).warnings.map(({ code }) => `${index + 1} ${code}`))
    expect(warned).toEqual([
      // Gemini 3 names fewer prompt tokens by modality than it counts.
      '43 sum-mismatch',
      '57 sum-mismatch',
      '75 sum-mismatch',
      // A gateway's own field within Anthropic's usage.
      '98 unknown-field',
      '119 sum-mismatch',
      '215 sum-mismatch',
      // An image model names its image tokens only, and counts text beside them.
      '275 sum-mismatch',
    ])
  })
})

interface Response {
  readonly source: { readonly provider: string; readonly api: string; readonly body: unknown }
  readonly totals: number
}

function parseResponse(line: string): Response {
  const source = JSON.parse(line) as Response['source'] & {
    body: { usage?: Record<string, number>; usageMetadata?: Record<string, number> }
  }
  const { usage, usageMetadata } = source.body
  const anthropic = ['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens', 'output_tokens']
  const parts = anthropic.reduce((sum, name) => sum + (usage?.[name] ?? 0), 0)
  return { source, totals: usage?.['total_tokens'] ?? usageMetadata?.['totalTokenCount'] ?? parts }
}

function sumTokens(usage: Usage): number {
  return tokenMeters.reduce((sum, meter) => sum + (usage[meter] ?? 0), 0)
}

function errorOf(action: () => unknown): PurserError {
  try {
    action()
  } catch (error) {
    if (error instanceof PurserError) return error
  }
  throw new Error('It was not refused.')
}
