import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../errors.ts'
import { type CallRecord, parseRecord } from './parse-record.ts'

const now = Date.parse('2026-11-20T12:00:00Z')
const parse = (record: unknown, zone = 'UTC') => parseRecord(record as CallRecord, zone, now)
const call = { provider: 'acme', model: 'big', usage: { inputTokens: 3 } }

describe('a record', () => {
  test('of a call made now needs provider, model and usage', () => {
    expect(parse(call)).toEqual({ provider: 'acme', model: 'big', usage: { inputTokens: 3 }, labels: {}, at: now })
  })

  test('keeps all that it says', () => {
    const said = {
      id: 'x',
      serviceTier: 'batch',
      speed: 'fast',
      region: 'us',
      basis: 'plan',
      outcome: 'cut',
      attempt: 2,
      callId: 'c',
      durationMs: 1200,
      maxOutputTokens: 4096,
      stopReason: 'length',
      responseId: 'msg',
      hold: 'h',
      estimated: true,
      labels: { project: 'p' },
      metadata: { pages: 3 },
    }
    expect(parse({ ...call, ...said })).toMatchObject(said)
  })

  test('may name the model that was asked for beside the one that served', () => {
    expect(parse({ ...call, modelAsked: 'bigger' })).toMatchObject({ model: 'big', modelAsked: 'bigger' })
  })

  test('tells its time in any of the usual ways', () => {
    const noon = Date.parse('2026-02-20T12:00:00Z')
    for (const at of ['2026-02-20T12:00:00Z', '2026-02-20 12:00', noon, noon / 1000, '2026-02-20T17:30:00+05:30']) {
      expect(parse({ ...call, at }).at).toBe(noon)
    }
    expect(parse({ ...call, at: '2026-02-20T13:00' }, 'Europe/Paris').at).toBe(noon)
  })

  test('states its cost exactly, as text or number', () => {
    expect(parse({ ...call, costUsd: 0.05, reportedCostUsd: '0.000000001' })).toMatchObject({ statedNanos: 50_000_000n, reportedNanos: 1n })
  })

  test('may be a provider’s response as it came', () => {
    const body = {
      id: 'msg_01',
      type: 'message',
      model: 'claude-sonnet-4-5-20250929',
      stop_reason: 'end_turn',
      usage: { input_tokens: 10, cache_read_input_tokens: 4, cache_creation_input_tokens: 0, output_tokens: 5 },
    }
    expect(parse({ provider: 'anthropic', model: 'claude-sonnet-4-5', api: 'messages', body })).toMatchObject({
      model: 'claude-sonnet-4-5-20250929',
      modelAsked: 'claude-sonnet-4-5',
      responseId: 'msg_01',
      stopReason: 'end_turn',
      usage: { inputTokens: 10, cacheReadTokens: 4, outputTokens: 5 },
    })
  })
})

describe('a record is refused that', () => {
  const body = { model: 'm', usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }
  test.each([
    ['is no object', [call], 'PURSER_BAD_RECORD', 'A record is an object'],
    ['is nothing', null, 'PURSER_BAD_RECORD', 'A record is an object'],
    ['has an unknown field', { ...call, lables: {} }, 'PURSER_BAD_RECORD', 'Did you mean "labels"?'],
    ['has a field like none', { ...call, qqqqqqqqqqqqqqq: 1 }, 'PURSER_BAD_RECORD', 'Unknown field'],
    ['names no provider', { model: 'm' }, 'PURSER_BAD_RECORD', 'provider'],
    ['names no model', { provider: 'p', usage: { inputTokens: 1 } }, 'PURSER_BAD_RECORD', 'no model'],
    ['does not say what it used', { ...call, usage: { attributes: { size: 'big' } } }, 'PURSER_BAD_RECORD', 'no usage'],
    ['has an empty id', { ...call, id: '' }, 'PURSER_BAD_RECORD', 'id is ""'],
    ['has a number for a name', { ...call, region: 3 }, 'PURSER_BAD_RECORD', 'region is 3'],
    ['counts attempts in halves', { ...call, attempt: 1.5 }, 'PURSER_BAD_RECORD', 'attempt is 1.5'],
    ['lasted less than nothing', { ...call, durationMs: -1 }, 'PURSER_BAD_RECORD', 'durationMs is -1'],
    ['has a basis of its own', { ...call, basis: 'gift' }, 'PURSER_BAD_RECORD', 'metered, plan, free'],
    ['has an outcome of its own', { ...call, outcome: 'fine' }, 'PURSER_BAD_RECORD', 'ok, error, timeout, cut, aborted'],
    ['is estimated perhaps', { ...call, estimated: 'maybe' }, 'PURSER_BAD_RECORD', 'true or false'],
    ['has labels in a list', { ...call, labels: ['a'] }, 'PURSER_BAD_RECORD', 'labels is ["a"]'],
    ['has text for metadata', { ...call, metadata: 'x' }, 'PURSER_BAD_RECORD', 'metadata is "x"'],
    ['has usage and body', { ...call, api: 'chat', body }, 'PURSER_BAD_RECORD', 'not both'],
    ['has a body from nowhere', { provider: 'openai', body }, 'PURSER_BAD_RECORD', 'name the api'],
    ['comes from an unknown api', { provider: 'openai', model: 'm', api: 'telepathy', body }, 'PURSER_UNKNOWN_READER', 'telepathy'],
    ['has an unknown usage key', { ...call, usage: { inputToken: 3 } }, 'PURSER_UNKNOWN_METER', 'Did you mean "inputTokens"?'],
    ['has a negative count', { ...call, usage: { inputTokens: -3 } }, 'PURSER_BAD_NUMBER', 'never negative'],
    ['has half a token', { ...call, usage: { inputTokens: 0.5 } }, 'PURSER_BAD_NUMBER', 'whole number'],
    ['has a count that is no number', { ...call, usage: { inputTokens: Number.NaN } }, 'PURSER_BAD_NUMBER', 'finite'],
    ['has a negative cost', { ...call, costUsd: -1 }, 'PURSER_BAD_NUMBER', 'costUsd is -1'],
    ['has a negative reported cost', { ...call, reportedCostUsd: '-0.5' }, 'PURSER_BAD_NUMBER', 'reportedCostUsd'],
    ['has a cost in words', { ...call, costUsd: 'five' }, 'PURSER_BAD_NUMBER', 'five'],
    ['was made some time', { ...call, at: 'yesterday' }, 'PURSER_BAD_TIME', '"yesterday"'],
    ['was made on 30 February', { ...call, at: '2026-02-30' }, 'PURSER_BAD_TIME', '2026-02-30'],
  ] satisfies [string, unknown, ErrorCode, string][])('%s', (_, record, code, said) => {
    expect(() => parse(record)).toThrowError(expect.objectContaining({ code, message: expect.stringContaining(said) as string }) as Error)
  })
})
