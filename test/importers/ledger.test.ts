import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ImportSummary } from '../../src/importers/importer.ts'
import { importClaudeCode } from '../../src/importers/claude-code.ts'
import { importCodex } from '../../src/importers/codex.ts'
import { Purser } from '../../src/purser.ts'
import { createFolder, type Folder } from './folder.ts'

const everything = { groupBy: [], sinceMs: undefined, untilMs: undefined, timezone: 'UTC', weekStart: 1, where: [] }

let folder: Folder
let purser: Purser

beforeEach(async () => {
  folder = createFolder()
  purser = await Purser.open({ db: join(folder.path, 'ledger.db') })
})

afterEach(() => purser.close())

function claudeCode(): Promise<ImportSummary> {
  return purser.import('claude-code', (sink) => importClaudeCode({ env: { CLAUDE_CONFIG_DIR: folder.path } }, sink))
}

function assistant(id: string, output: number, isSidechain = false): object {
  const usage = { input_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 1000, output_tokens: output }
  return {
    parentUuid: null,
    isSidechain,
    cwd: '/home/dev/atlas',
    sessionId: 'session-1',
    gitBranch: 'main',
    message: { model: 'claude-sonnet-4-5-20250929', id, type: 'message', role: 'assistant', content: [], stop_reason: null, usage },
    type: 'assistant',
    timestamp: '2026-02-20T10:00:00.000Z',
  }
}

async function sums(): Promise<{ calls: number; outputTokens: number; cacheReadTokens: number; planNanos: string }> {
  const { total } = await purser.costs(everything)
  const { calls, outputTokens, cacheReadTokens } = total
  return { calls, outputTokens, cacheReadTokens, planNanos: String(total.planNanos) }
}

const main = 'projects/-home-dev-atlas/session-1.jsonl'

describe('transcripts in a ledger', () => {
  // Claude Sonnet 4.5: $3 input, $15 output, $0.30 cache read for a million tokens.
  const nanosFor = (output: number): bigint => 10n * 3000n + BigInt(output) * 15_000n + 1000n * 300n

  it('count the largest of a message over two imports, once', async () => {
    folder.write(main, [assistant('msg_1', 1), assistant('msg_1', 8)])
    expect(await claudeCode()).toMatchObject({ read: 2, booked: 1, superseded: 0, duplicates: 1 })
    folder.append(main, [assistant('msg_1', 250), assistant('msg_2', 5)])
    expect(await claudeCode()).toMatchObject({ read: 2, booked: 1, superseded: 1, duplicates: 0 })
    const planNanos = String(nanosFor(250) + nanosFor(5))
    expect(await sums()).toEqual({ calls: 2, outputTokens: 255, cacheReadTokens: 2000, planNanos })
  })

  it('let a larger sidechain replay lose to its parent, whichever is imported first', async () => {
    folder.write('projects/-home-dev-atlas/session-1/subagents/agent-1.jsonl', [assistant('msg_1', 900, true)])
    expect(await claudeCode()).toMatchObject({ booked: 1 })
    folder.write(main, [assistant('msg_1', 100)])
    expect(await claudeCode()).toMatchObject({ booked: 0, superseded: 1 })
    expect(await sums()).toMatchObject({ calls: 1, outputTokens: 100, planNanos: String(nanosFor(100)) })
  })

  it('can be taken out again and imported anew', async () => {
    folder.write(main, [assistant('msg_1', 100), assistant('msg_2', 100)])
    const { batch } = await claudeCode()
    await purser.undoImport(batch)
    expect(await sums()).toMatchObject({ calls: 0, outputTokens: 0 })
    expect(await claudeCode()).toMatchObject({ read: 2, booked: 2 })
    expect(await sums()).toMatchObject({ calls: 2, outputTokens: 200 })
  })
})

it('Codex goes on from the state that the ledger kept', async () => {
  const counts = (input: number, output: number): object => ({ input_tokens: input, cached_input_tokens: 0, output_tokens: output })
  const event = (time: string, total: object): object => ({
    timestamp: `2026-02-20T${time}.000Z`,
    type: 'event_msg',
    payload: { type: 'token_count', info: { total_token_usage: total } },
  })
  const codex = (): Promise<ImportSummary> => purser.import('codex', (sink) => importCodex({ env: { CODEX_HOME: folder.path } }, sink))
  folder.write('sessions/rollout-1-a.jsonl', [
    { timestamp: '2026-02-20T10:00:00.000Z', type: 'session_meta', payload: { id: 'a', cwd: '/home/dev/atlas' } },
    { timestamp: '2026-02-20T10:00:00.000Z', type: 'turn_context', payload: { model: 'gpt-5.1-codex' } },
    event('10:00:01', counts(100, 10)),
  ])
  expect(await codex()).toMatchObject({ read: 1, booked: 1 })
  folder.append('sessions/rollout-1-a.jsonl', [event('10:00:02', counts(100, 10)), event('10:00:03', counts(150, 30))])
  expect(await codex()).toMatchObject({ read: 2, booked: 1, duplicates: 1 })
  const { total } = await purser.costs(everything)
  expect([total.calls, total.inputTokens, total.outputTokens, total.unpricedCalls]).toEqual([2, 150, 30, 0])
})

it('Codex forks count once in a ledger too, also when the import of the parent was taken back', async () => {
  const counts = (input: number): object => ({ input_tokens: input, cached_input_tokens: 0, output_tokens: 1 })
  const event = (time: string, total: number): object => ({
    timestamp: `2026-11-${time}Z`,
    type: 'event_msg',
    payload: { type: 'token_count', info: { total_token_usage: counts(total), last_token_usage: counts(100) } },
  })
  const meta = (day: string, id: string, more: object = {}): object => ({
    timestamp: `2026-11-${day}T10:00:00Z`,
    type: 'session_meta',
    payload: { id, timestamp: `2026-11-${day}T10:00:00Z`, ...more },
  })
  folder.write('parent/rollout-1-a.jsonl', [meta('01', 'a'), event('01T10:01:00', 100), event('01T10:02:00', 200)])
  const fork = [
    meta('02', 'b', { forked_from_id: 'a' }),
    event('02T10:00:00.1', 100),
    event('02T10:00:00.2', 200),
    event('02T10:05:00', 300),
  ]
  folder.write('fork/rollout-2-b.jsonl', fork)
  const codex = (day: string): Promise<ImportSummary> =>
    purser.import('codex', (sink) => importCodex({ env: {}, paths: [join(folder.path, day)] }, sink))
  const { batch } = await codex('parent')
  expect(await codex('fork')).toMatchObject({ read: 3, booked: 1, duplicates: 2 })
  await purser.undoImport(batch)
  expect(await codex('fork')).toMatchObject({ booked: 2, duplicates: 1 })
  expect(await codex('parent')).toMatchObject({ booked: 0, duplicates: 2 })
  expect((await purser.costs(everything)).total).toMatchObject({ calls: 3, inputTokens: 300 })
  const sources = (await purser.imports()).flatMap((each) => each.sources)
  expect(new Set(sources)).toEqual(new Set([`codex:${join(folder.path, 'fork/rollout-2-b.jsonl')}`]))
})
