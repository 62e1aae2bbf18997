import { describe, expect, test } from 'vitest'
import { promptTokensAtMost, type RequestSource } from './call-request.ts'
import { findRequestReader, readRequest, requestReaders } from './read-request.ts'

const messages = [{ role: 'user', content: 'Hi' }]
const chat = (body: object, more: Partial<RequestSource> = {}) =>
  readRequest({ provider: 'openai', api: 'chat', body: { model: 'gpt-4o', messages, max_tokens: 10, ...body }, ...more })
const claude = (body: object) =>
  readRequest({ provider: 'anthropic', api: 'messages', body: { model: 'claude-opus-5', messages, max_tokens: 10, ...body } })
const refusals = ({ unbounded }: ReturnType<typeof readRequest>) => unbounded.map(({ reason, field }) => `${reason} ${field}`)

describe('readers of requests', () => {
  test('each has a source, and names that lead to it', () => {
    for (const reader of requestReaders) {
      expect(reader.source).not.toBe('')
      expect(findRequestReader(reader.providers[0] ?? '', reader.apis[0] ?? '')).toBe(reader)
    }
  })

  test('names are found without regard to case and punctuation', () => {
    expect(findRequestReader('OpenAI', 'chat.completions')).toBe(findRequestReader('openai', 'Chat Completions'))
    expect(findRequestReader('Amazon-Bedrock', 'converse_stream')).toBe(findRequestReader('bedrock', 'converse'))
  })

  test('an unknown API names what is known', () => {
    expect(() => readRequest({ provider: 'openai', api: 'chatt', body: {} })).toThrow(/No reader of requests .*Known/)
  })

  test('a body that is no object, and a model that nobody names, are errors', () => {
    expect(() => readRequest({ provider: 'openai', api: 'chat', body: 'Hi' })).toThrow(/must be a JSON object/)
    expect(() => readRequest({ provider: 'google', api: 'generateContent', body: { contents: [] } })).toThrow(/names no model/)
  })
})

describe('a request keeps no text', () => {
  test('neither of the prompt nor of what it refuses', () => {
    const secret = 'my secret plan'
    const request = chat({
      messages: [{ role: 'user', content: [{ type: secret }, { type: 'text', text: secret }] }],
      unknown: secret,
      max_tokens: secret,
    })
    expect(JSON.stringify(request)).not.toContain(secret)
    expect(refusals(request)).toEqual(['unknown-part messages[0].content[0]', 'unknown-field unknown', 'bad-value max_tokens'])
  })
})

describe('what is not understood is refused, never counted as nothing', () => {
  test.each([
    [{ messages: 'Hi' }, 'bad-value messages'],
    [{ tools: {} }, 'bad-value tools'],
    [{ max_tokens: -1 }, 'bad-value max_tokens'],
    [{ max_tokens: 1.5 }, 'bad-value max_tokens'],
    [{ n: '2' }, 'bad-value n'],
    [{ messages: ['Hi'] }, 'bad-value messages[0]'],
    [{ messages: [{ role: 'user', content: 7 }] }, 'unknown-part messages[0].content'],
    [{ messages: [{ role: 'assistant', audio: { id: 'a' } }] }, 'stored-content messages[0].audio'],
    [{ messages: [{ role: 'user', content: 'Hi', attachment: {} }] }, 'unknown-field messages[0].attachment'],
    [{ prediction: { type: 'content', content: 'x' } }, 'unknown-field prediction'],
    [{ model: 'openai/gpt-4o:online' }, 'server-tool model'],
    [{ model: 'sonar-deep-research' }, 'server-tool model'],
    [{ search_parameters: { mode: 'auto' } }, 'server-tool search_parameters'],
  ])('%j', (body, refusal) => {
    expect(refusals(chat(body))).toContain(refusal)
  })

  test('settings that are numbers or switches are no reason', () => {
    expect(refusals(chat({ temperature: 1, top_k: 4, repetition_penalty: 1.1, stream: true, seed: null }))).toEqual([])
  })
})

describe('ways of being served', () => {
  test.each([
    [undefined, ['', 'flex', 'priority', 'fast']],
    ['auto', ['', 'flex', 'priority', 'fast']],
    ['default', ['']],
    ['flex', ['flex', '']],
    ['priority', ['priority', '', 'priority', 'fast']],
  ])('OpenAI asked for %s', (asked, tiers) => {
    expect(chat({ service_tier: asked }).serviceTiers).toEqual(tiers)
  })

  test('another vendor serves what is asked for, or its standard', () => {
    expect(chat({ service_tier: 'flex' }, { provider: 'groq' }).serviceTiers).toEqual(['flex', ''])
    expect(chat({}, { provider: 'groq' }).serviceTiers).toEqual([''])
  })

  test('Anthropic: a commitment unless it is excluded, the workspace’s geography unless it is named', () => {
    expect(claude({})).toMatchObject({ serviceTiers: ['', 'priority'], regions: ['', 'us'], speeds: [''] })
    expect(claude({ service_tier: 'standard_only', inference_geo: 'us', speed: 'fast' })).toMatchObject({
      serviceTiers: [''],
      regions: ['us'],
      speeds: ['fast', ''],
    })
  })
})

describe('writes to a cache', () => {
  test.each([
    [{}, []],
    [{ cache_control: { type: 'ephemeral' } }, ['cacheWrite5mTokens']],
    [{ system: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } }] }, ['cacheWrite1hTokens']],
    [{ tools: [{ name: 'f', cache_control: { type: 'ephemeral', ttl: '2h' } }] }, ['cacheWrite5mTokens', 'cacheWrite1hTokens']],
  ])('Anthropic only where a mark asks for one: %j', (body, writes) => {
    expect(claude(body).cacheWrites).toEqual(writes)
  })

  test('vendors that cache by themselves may write in any case', () => {
    expect(chat({}).cacheWrites).toEqual(['cacheWrite5mTokens'])
  })
})

describe('the longest answer', () => {
  test('of Claude is more than its thinking budget', () => {
    expect(claude({ max_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 2000 } })).toMatchObject({
      maxOutputTokens: 4000,
      leastOutputTokens: 2001,
    })
  })

  test('of several models is the most of them where nothing is said', () => {
    const fallbacks = [{ provider: 'openai', model: 'gpt-5.4' }]
    expect(chat({ max_tokens: null }).maxOutputTokens).toBe(16_384)
    expect(chat({ max_tokens: null }, { fallbacks }).maxOutputTokens).toBe(128_000)
    expect(chat({ max_tokens: null }, { fallbacks: [{ provider: 'openai', model: 'unheard-of' }] }).maxOutputTokens).toBeUndefined()
  })

  test('is what the caller knows where the request does not say it', () => {
    expect(chat({ max_tokens: null }, { maxOutputTokens: 99 }).maxOutputTokens).toBe(99)
    expect(chat({}, { maxOutputTokens: 99 }).maxOutputTokens).toBe(10)
  })
})

describe('what the caller knows', () => {
  test('counted tokens stand for bytes and allowances', () => {
    expect(promptTokensAtMost(chat({}, { inputTokens: 8 }))).toBe(8)
    expect(() => chat({}, { inputTokens: -8 })).toThrow(/never negative/)
  })

  test('quantities that it declares are no longer open', () => {
    const sound = { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }] }
    expect(refusals(chat(sound))).toEqual(['audio messages[0].content[0]'])
    expect(refusals(chat(sound, { quantities: { audioInputTokens: 100 } }))).toEqual([])
  })

  test('a plain request takes no other words than its own', () => {
    expect(() => readRequest({ provider: 'openai', api: 'plain', body: { model: 'gpt-4o', maxOutputToken: 1 } })).toThrow(
      /Did you mean "maxOutputTokens"/,
    )
  })
})
