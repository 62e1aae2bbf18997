import { beforeEach, describe, expect, it } from 'vitest'
import { importClaudeCode } from '../../src/importers/claude-code.ts'
import { createFolder, type Folder } from './folder.ts'
import { createMemorySink, type MemorySink, stoppedAfterFirstCalls } from './memory-sink.ts'

let folder: Folder
let sink: MemorySink

beforeEach(() => {
  folder = createFolder()
  sink = createMemorySink()
})

const main = 'projects/-home-dev-atlas/session-1.jsonl'

async function importAll(into = sink): Promise<MemorySink> {
  await importClaudeCode({ env: { CLAUDE_CONFIG_DIR: folder.path } }, into)
  return into
}

interface Line {
  readonly id?: string | null
  readonly output?: number
  readonly usage?: object
  readonly at?: string
  readonly message?: object
  readonly line?: object
}

/** A line as Claude Code writes it, in its order of fields. */
function assistant({ id = 'msg_1', output = 200, usage, at = '2026-02-20T10:00:00.000Z', message, line }: Line = {}): object {
  return {
    parentUuid: '6a1f7b1e-0000-4000-8000-000000000001',
    isSidechain: false,
    userType: 'external',
    cwd: '/home/dev/atlas',
    sessionId: 'session-1',
    version: '2.0.76',
    gitBranch: 'main',
    message: {
      model: 'claude-sonnet-4-5-20250929',
      id,
      type: 'message',
      role: 'assistant',
      content: [{ type: 'text', text: 'He said: "usage":{"input_tokens":9}' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: usage ?? {
        input_tokens: 10,
        cache_creation_input_tokens: 300,
        cache_read_input_tokens: 4000,
        cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 200 },
        output_tokens: output,
        service_tier: 'standard',
      },
      ...message,
    },
    requestId: 'req_1',
    type: 'assistant',
    uuid: '6a1f7b1e-0000-4000-8000-000000000002',
    timestamp: at,
    ...line,
  }
}

const user = {
  parentUuid: null,
  isSidechain: false,
  cwd: '/home/dev/atlas',
  sessionId: 'session-1',
  type: 'user',
  message: { role: 'user', content: 'hello' },
  timestamp: '2026-02-20T09:59:00.000Z',
  toolUseResult: { usage: { input_tokens: 5, output_tokens: 5 } },
}

describe('a Claude Code transcript', () => {
  it('gives each message as a call covered by the plan, under project, session and branch', async () => {
    folder.write(main, [user, assistant()])
    const { charges, counted } = await importAll()
    expect(charges.get('anthropic:msg_1')).toEqual({
      at: Date.UTC(2026, 1, 20, 10),
      provider: 'anthropic',
      model: 'claude-sonnet-4-5-20250929',
      responseId: 'msg_1',
      basis: 'plan',
      stopReason: 'end_turn',
      labels: { project: 'atlas', session: 'session-1', branch: 'main' },
      usage: { inputTokens: 10, cacheReadTokens: 4000, cacheWrite5mTokens: 100, cacheWrite1hTokens: 200, outputTokens: 200 },
    })
    expect(counted).toEqual({ read: 1, booked: 1, superseded: 0, duplicates: 0 })
  })

  it('counts the largest of several lines of one message, at the time of the first', async () => {
    folder.write(main, [
      assistant({ output: 1, at: '2026-02-20T10:00:00.000Z' }),
      assistant({ output: 250, at: '2026-02-20T10:00:09.000Z' }),
      assistant({ output: 9, at: '2026-02-20T10:00:10.000Z' }),
    ])
    const { charges, counted } = await importAll()
    expect(charges.get('anthropic:msg_1')?.usage.outputTokens).toBe(250)
    expect(charges.get('anthropic:msg_1')?.at).toBe(Date.UTC(2026, 1, 20, 10))
    expect(counted).toEqual({ read: 3, booked: 1, superseded: 0, duplicates: 2 })
  })

  it('counts the largest also when an import falls between two lines of a message', async () => {
    folder.write(main, [assistant({ output: 1 })])
    await importAll()
    folder.append(main, [assistant({ output: 250 })])
    const second = await importAll(sink.again())
    expect(second.counted).toEqual({ read: 1, booked: 0, superseded: 1, duplicates: 0 })
    expect(second.charges.get('anthropic:msg_1')?.usage.outputTokens).toBe(250)
  })

  it('counts a copied or resumed session once', async () => {
    folder.write(main, [assistant(), assistant({ id: 'msg_2' })])
    folder.write('projects/-home-dev-atlas/session-2.jsonl', [
      assistant({ line: { sessionId: 'session-2' } }),
      assistant({ id: 'msg_2', line: { sessionId: 'session-2' } }),
      assistant({ id: 'msg_3', line: { sessionId: 'session-2' } }),
    ])
    const { charges, counted } = await importAll()
    expect([...charges.values()].map(({ responseId, labels }) => [responseId, labels['session']])).toEqual([
      ['msg_1', 'session-1'],
      ['msg_2', 'session-1'],
      ['msg_3', 'session-2'],
    ])
    expect(counted).toEqual({ read: 5, booked: 3, superseded: 0, duplicates: 2 })
  })

  it('lets a sidechain replay lose to its parent, also when it is larger and comes first', async () => {
    const replay = assistant({ output: 999, line: { isSidechain: true, requestId: 'req_other' } })
    folder.write('projects/-home-dev-atlas/session-0/subagents/agent-1.jsonl', [replay])
    folder.write(main, [assistant({ output: 200 }), replay])
    const { charges } = await importAll()
    expect(charges.get('anthropic:msg_1')?.usage.outputTokens).toBe(200)
  })

  it('reads spaced JSON, null fields and a message without request id', async () => {
    const spaced = JSON.stringify(assistant({ id: 'msg_2', line: { requestId: undefined } })).replaceAll('":', '" : ')
    const nulls = {
      input_tokens: 1,
      output_tokens: 2,
      cache_read_input_tokens: null,
      cache_creation: null,
      server_tool_use: null,
      speed: null,
    }
    folder.write(main, [
      spaced,
      assistant({ id: 'msg_3', usage: nulls, line: { requestId: null, costUSD: null, cwd: null, gitBranch: null, version: null } }),
    ])
    const { charges, skipped } = await importAll()
    expect(charges.get('anthropic:msg_2')?.usage.outputTokens).toBe(200)
    expect(charges.get('anthropic:msg_3')?.usage).toEqual({ inputTokens: 1, outputTokens: 2 })
    expect(charges.get('anthropic:msg_3')?.labels).toEqual({ project: '-home-dev-atlas', session: 'session-1' })
    expect(skipped.size).toBe(0)
  })

  it('reads a message of an agent that the session started, nested in a progress record, which loses to the message itself', async () => {
    const inner = assistant({ id: 'msg_sub', output: 70 })
    const progress = {
      type: 'progress',
      sessionId: 'session-1',
      cwd: '/home/dev/atlas',
      data: { type: 'agent_progress', agentId: 'a1', message: { type: 'assistant', timestamp: '2026-02-20T10:05:00.000Z', ...inner } },
    }
    folder.write(main, [progress])
    await importAll()
    expect(sink.charges.get('anthropic:msg_sub')?.usage.outputTokens).toBe(70)
    folder.write('projects/-home-dev-atlas/z.jsonl', [assistant({ id: 'msg_sub', output: 60 })])
    const second = await importAll(sink.again())
    expect(second.charges.get('anthropic:msg_sub')?.usage.outputTokens).toBe(60)
  })

  it('names what it skips: synthetic messages, API errors, lines that are no JSON, times that cannot be', async () => {
    folder.write(main, [
      assistant({ message: { model: '<synthetic>' } }),
      assistant({ line: { isApiErrorMessage: true } }),
      'not json',
      '{"type":"assistant","message":{"usage":{"input_tokens":1',
      assistant({ at: '1970-01-01T00:00:00.000Z' }),
      assistant({ at: 'yesterday' }),
      '[1,2]',
      assistant({ id: 'msg_good' }),
    ])
    const { skipped, counted, charges } = await importAll()
    const file = `${folder.path}/${main}`
    expect(Object.fromEntries(skipped)).toEqual({
      'synthetic message': [`${file}:1`],
      'API error message': [`${file}:2`],
      'not JSON': [`${file}:3`, `${file}:4`],
      'bad time': [`${file}:5`, `${file}:6`],
      'not a JSON object': [`${file}:7`],
    })
    expect(charges.size).toBe(1)
    expect(counted.read).toBe(8)
  })

  it('leaves a truncated last line and reads it next time', async () => {
    const text = JSON.stringify(assistant({ id: 'msg_2' }))
    folder.write(main, [assistant(), text.slice(0, 500)], '')
    const first = await importAll()
    expect([first.counted.booked, first.skipped.size]).toEqual([1, 0])
    folder.append(main, [text.slice(500)])
    const second = await importAll(sink.again())
    expect(second.counted).toEqual({ read: 1, booked: 1, superseded: 0, duplicates: 0 })
    expect(second.skipped.size).toBe(0)
  })

  it('takes a whole last line that lacks its line break', async () => {
    folder.write(main, [assistant()], '')
    expect((await importAll()).counted.booked).toBe(1)
    folder.append(main, ['', assistant({ id: 'msg_2' })])
    expect((await importAll(sink.again())).counted).toEqual({ read: 1, booked: 1, superseded: 0, duplicates: 0 })
  })

  it('passes over a line that a crash cut off with another behind it, and books neither under the wrong id', async () => {
    const cut = JSON.stringify(assistant({ id: 'msg_cut' }))
    folder.write(main, [cut.slice(0, cut.indexOf('He said')) + JSON.stringify(assistant({ id: 'msg_2' })), assistant({ id: 'msg_3' })])
    const { charges, skipped } = await importAll()
    expect([...charges.keys()]).toEqual(['anthropic:msg_3'])
    expect([...skipped.keys()]).toEqual(['not JSON'])
  })
})

describe('what a call carries', () => {
  it('keeps tier, speed, place, searches and thinking as served', async () => {
    const usage = {
      input_tokens: 3,
      output_tokens: 50,
      output_tokens_details: { thinking_tokens: 20 },
      server_tool_use: { web_search_requests: 2, web_fetch_requests: 1 },
      service_tier: 'priority',
      speed: 'fast',
      inference_geo: 'us',
      iterations: [{ type: 'message', input_tokens: 3, output_tokens: 50, cache_read_input_tokens: 0 }],
    }
    folder.write(main, [assistant({ usage })])
    const { charges } = await importAll()
    expect(charges.get('anthropic:msg_1')).toMatchObject({
      serviceTier: 'priority',
      speed: 'fast',
      region: 'us',
      usage: { inputTokens: 3, outputTokens: 50, reasoningTokens: 20, searches: 2 },
    })
  })

  it('counts a cache write without a stated life as one of five minutes', async () => {
    folder.write(main, [assistant({ usage: { input_tokens: 1, output_tokens: 2, cache_creation_input_tokens: 700 } })])
    expect((await importAll()).charges.get('anthropic:msg_1')?.usage.cacheWrite5mTokens).toBe(700)
  })

  it('shows what it does not understand as a warning on the charge', async () => {
    folder.write(main, [assistant({ usage: { input_tokens: 1, output_tokens: 2, video_frames: 5 } })])
    expect((await importAll()).charges.get('anthropic:msg_1')?.warnings).toMatchObject([{ code: 'unknown-field' }])
  })

  it('keeps the cost that old logs state, as reported', async () => {
    folder.write(main, [assistant({ line: { costUSD: 0.0123 } })])
    expect((await importAll()).charges.get('anthropic:msg_1')?.reportedNanos).toBe(12_300_000n)
  })

  it('makes an id of the request, or of the content, for a message without one, and copies still count once', async () => {
    const plain = assistant({ id: null, line: { requestId: null } })
    folder.write(main, [assistant({ id: null }), plain])
    folder.write('projects/-home-dev-atlas/copy.jsonl', [plain])
    const { charges, counted } = await importAll()
    expect([...charges.keys()].toSorted()).toEqual([expect.stringMatching(/^claude-code:[0-9a-f]{32}$/), 'claude-code:req_1'])
    expect(counted.duplicates).toBe(1)
  })

  it('names the project after the directory of the start, wherever a session went since', async () => {
    folder.write(main, [
      assistant({ line: { cwd: '/home/dev/atlas/packages/web' } }),
      assistant({ id: 'msg_2', line: { cwd: '/tmp/elsewhere' } }),
    ])
    const { charges } = await importAll()
    expect([...charges.values()].map(({ labels }) => labels['project'])).toEqual(['atlas', 'elsewhere'])
  })

  it('leaves out a label that a ledger refuses, not the call', async () => {
    folder.write(main, [assistant({ line: { gitBranch: 'a\nb' } })])
    expect((await importAll()).charges.get('anthropic:msg_1')?.labels).toEqual({ project: 'atlas', session: 'session-1' })
  })

  it('takes labels and basis from the owner before those of the transcript', async () => {
    folder.write(main, [assistant()])
    await importClaudeCode({ env: {}, paths: [folder.path], labels: { project: 'mine', user: 'ada' }, basis: 'metered' }, sink)
    expect(sink.charges.get('anthropic:msg_1')).toMatchObject({
      basis: 'metered',
      labels: { project: 'mine', user: 'ada', branch: 'main' },
    })
  })
})

describe('where transcripts are looked for', () => {
  it('in a list of folders in CLAUDE_CONFIG_DIR, each or its projects folder', async () => {
    folder.write('one/projects/p/a.jsonl', [assistant()])
    folder.write('two/projects/p/deep/er/b.jsonl', [assistant({ id: 'msg_2' })])
    const env = { CLAUDE_CONFIG_DIR: ` ${folder.path}/one , ${folder.path}/two/projects,${folder.path}/absent` }
    await importClaudeCode({ env }, sink)
    expect(sink.charges.size).toBe(2)
  })

  it('in ~/.claude and ~/.config/claude, without an error where there are none', async () => {
    await importClaudeCode({ env: { HOME: folder.path } }, sink)
    expect(sink.counted.read).toBe(0)
    folder.write('.claude/projects/p/a.jsonl', [assistant()])
    folder.write('.config/claude/projects/p/b.jsonl', [assistant({ id: 'msg_2' })])
    await importClaudeCode({ env: { HOME: folder.path } }, sink)
    expect(sink.charges.size).toBe(2)
  })

  it('says so where a folder that was named does not exist', async () => {
    await expect(importClaudeCode({ env: {}, paths: [`${folder.path}/absent`] }, sink)).rejects.toMatchObject({ code: 'PURSER_NOT_FOUND' })
    const env = { CLAUDE_CONFIG_DIR: `${folder.path}/absent` }
    await expect(importClaudeCode({ env }, sink)).rejects.toMatchObject({ code: 'PURSER_NOT_FOUND' })
  })
})

describe('a second import', () => {
  it('reads nothing where nothing was written, and only what was appended', async () => {
    folder.write(main, [assistant(), assistant({ id: 'msg_2' })])
    await importAll()
    expect((await importAll(sink.again())).counted.read).toBe(0)
    folder.append(main, [assistant({ id: 'msg_3' })])
    expect((await importAll(sink.again())).counted).toEqual({ read: 1, booked: 1, superseded: 0, duplicates: 0 })
  })

  it('reads a file anew that was replaced under its name', async () => {
    folder.write(main, [assistant()])
    await importAll()
    folder.write(main, [assistant({ id: 'msg_9', output: 1 }), assistant({ id: 'msg_8' }), assistant({ id: 'msg_7' })])
    expect((await importAll(sink.again())).counted.booked).toBe(3)
  })

  it('goes on where an import was broken off', async () => {
    folder.write(
      main,
      Array.from({ length: 2500 }, (_, index) => assistant({ id: `msg_${index}` })),
    )
    await importAll(stoppedAfterFirstCalls(sink))
    expect(sink.charges.size).toBe(1000)
    const rest = await importAll(sink.again())
    expect(rest.counted).toEqual({ read: 1500, booked: 1500, superseded: 0, duplicates: 0 })
  })
})

it('reads many megabytes on a thread of its own, with the same result', async () => {
  const content = [{ type: 'text', text: 'x'.repeat(40_000) }]
  const lines = Array.from({ length: 700 }, (_, index) => assistant({ id: `msg_${index}`, output: index, message: { content } }))
  folder.write(main, [...lines, 'not json', assistant({ usage: { input_tokens: 1, output_tokens: 2, video_frames: 5 } })])
  const { charges, counted, skipped, progressed } = await importAll()
  expect(counted).toEqual({ read: 702, booked: 700, superseded: 0, duplicates: 1 })
  expect([...charges.values()].reduce((sum, { usage }) => sum + (usage.outputTokens ?? 0), 0)).toBe((699 * 700) / 2)
  expect(charges.get('anthropic:msg_5')).toMatchObject({
    labels: { project: 'atlas', session: 'session-1', branch: 'main' },
    stopReason: 'end_turn',
  })
  expect([...skipped.keys()]).toEqual(['not JSON'])
  expect(progressed.at(-1)?.[0]).toBe(progressed.at(-1)?.[1])
})
