import { beforeEach, describe, expect, it } from 'vitest'
import { importCodex } from '../../src/importers/codex.ts'
import { createFolder, type Folder } from './folder.ts'
import { createMemorySink, type MemorySink, stoppedAfterFirstCalls } from './memory-sink.ts'

let folder: Folder
let sink: MemorySink

beforeEach(() => {
  folder = createFolder()
  sink = createMemorySink()
})

async function importAll(into = sink): Promise<MemorySink> {
  await importCodex({ env: { CODEX_HOME: folder.path } }, into)
  return into
}

const parentId = '019d8133-9c57-7741-8024-107194f4be77'
const childId = '019d8134-8f08-71d3-b158-852f96d7a2f5'
const parentFile = `sessions/2026/02/20/rollout-2026-02-20T10-00-00-${parentId}.jsonl`
const childFile = `sessions/2026/02/20/rollout-2026-02-20T11-00-00-${childId}.jsonl`

function meta(id = parentId, more: object = {}, at = '2026-02-20T10:00:00.000Z'): object {
  const payload = { id, timestamp: at, cwd: '/home/dev/atlas', originator: 'codex_cli_rs', cli_version: '0.120.0', source: 'cli' }
  return { timestamp: at, type: 'session_meta', payload: { ...payload, model_provider: 'openai', git: { branch: 'main' }, ...more } }
}

function turn(model = 'gpt-5.1-codex', at = '2026-02-20T10:00:01.000Z'): object {
  return { timestamp: at, type: 'turn_context', payload: { cwd: '/home/dev/atlas', model, approval_policy: 'never', effort: 'high' } }
}

type Counts = readonly [input: number, cached: number, output: number, reasoning: number]

function usage([input, cached, output, reasoning]: Counts): object {
  return {
    input_tokens: input,
    cached_input_tokens: cached,
    output_tokens: output,
    reasoning_output_tokens: reasoning,
    total_tokens: input + output,
  }
}

function tokens(at: string, total: Counts | null, last: Counts | null): object {
  const info = {
    ...(total !== null && { total_token_usage: usage(total) }),
    ...(last !== null && { last_token_usage: usage(last) }),
    model_context_window: 258_400,
  }
  return { timestamp: at, type: 'event_msg', payload: { type: 'token_count', info, rate_limits: null } }
}

const first = tokens('2026-02-20T10:00:10.000Z', [1000, 400, 100, 60], [1000, 400, 100, 60])
const second = tokens('2026-02-20T10:01:10.000Z', [2500, 1400, 150, 80], [1500, 1000, 50, 20])

function used({ charges }: MemorySink): unknown[] {
  return [...charges.values()].map((charge) => charge.usage)
}

describe('a Codex session', () => {
  it('gives each call with cached input and reasoning as parts of their totals, covered by the plan', async () => {
    folder.write(parentFile, [meta(), turn(), first])
    const { charges, counted } = await importAll()
    expect([...charges.values()]).toEqual([
      {
        id: expect.stringMatching(/^codex:[0-9a-f]{32}$/),
        at: Date.UTC(2026, 1, 20, 10, 0, 10),
        provider: 'openai',
        model: 'gpt-5.1-codex',
        usage: { inputTokens: 600, cacheReadTokens: 400, outputTokens: 100, reasoningTokens: 60 },
        labels: { project: 'atlas', session: parentId, branch: 'main' },
        basis: 'plan',
      },
    ])
    expect(counted).toEqual({ read: 1, booked: 1, superseded: 0, duplicates: 0 })
  })

  it('counts a total that is emitted again once', async () => {
    const again = tokens('2026-02-20T10:00:11.000Z', [1000, 400, 100, 60], [1000, 400, 100, 60])
    folder.write(parentFile, [meta(), turn(), first, again, second, again])
    const { counted } = await importAll()
    expect(counted).toEqual({ read: 4, booked: 2, superseded: 0, duplicates: 2 })
  })

  it('works out a call from the growth of the total where the last one is not given', async () => {
    folder.write(parentFile, [
      meta(),
      turn(),
      tokens('2026-02-20T10:00:10.000Z', [1000, 400, 100, 60], null),
      tokens('2026-02-20T10:01:10.000Z', [2500, 1400, 150, 80], null),
    ])
    expect(used(await importAll())).toEqual([
      { inputTokens: 600, cacheReadTokens: 400, outputTokens: 100, reasoningTokens: 60 },
      { inputTokens: 500, cacheReadTokens: 1000, outputTokens: 50, reasoningTokens: 20 },
    ])
  })

  it('takes all of a total that was set back', async () => {
    const reset = tokens('2026-02-20T10:05:00.000Z', [300, 0, 20, 0], null)
    folder.write(parentFile, [meta(), turn(), first, second, reset])
    expect(used(await importAll()).at(-1)).toEqual({ inputTokens: 300, outputTokens: 20 })
  })

  it('follows a change of model, and shows a call without a model as unknown', async () => {
    folder.write(parentFile, [meta(), first, turn('gpt-5.1-codex-mini'), second])
    const { charges } = await importAll()
    expect([...charges.values()].map(({ model }) => model)).toEqual(['unknown', 'gpt-5.1-codex-mini'])
  })

  it('reads events without info and lines that name the words only in text as nothing', async () => {
    const empty = { timestamp: '2026-02-20T10:00:05.000Z', type: 'event_msg', payload: { type: 'token_count', info: null } }
    const said = { timestamp: '2026-02-20T10:00:06.000Z', type: 'response_item', payload: { type: 'message', content: 'token_count' } }
    folder.write(parentFile, [meta(), turn(), empty, said])
    expect((await importAll()).counted.read).toBe(0)
  })

  it('takes tokens written to the cache out of the input', async () => {
    const event = tokens('2026-02-20T10:00:10.000Z', null, [1000, 400, 100, 0]) as { payload: { info: { last_token_usage: object } } }
    Object.assign(event.payload.info.last_token_usage, { cache_write_input_tokens: 250 })
    folder.write(parentFile, [meta(), turn(), event])
    expect(used(await importAll())).toEqual([{ inputTokens: 350, cacheReadTokens: 400, cacheWrite5mTokens: 250, outputTokens: 100 }])
  })

  it('names bad lines and counts, and leaves a truncated last line for the next time', async () => {
    const bad = tokens('2026-02-20T10:00:10.000Z', null, [-5, 0, 1, 0])
    const whole = JSON.stringify(second)
    folder.write(parentFile, [meta(), turn(), bad, 'no json', first, whole.slice(0, 90)], '')
    const { skipped, counted } = await importAll()
    expect(Object.fromEntries(skipped)).toEqual({
      'bad token count': [`${folder.path}/${parentFile}:3`],
      'not JSON': [`${folder.path}/${parentFile}:4`],
    })
    expect(counted.booked).toBe(1)
    folder.append(parentFile, [whole.slice(90)])
    expect((await importAll(sink.again())).counted).toEqual({ read: 1, booked: 1, superseded: 0, duplicates: 0 })
  })
})

describe('a forked history counts once', () => {
  const own = tokens('2026-02-20T11:03:00.000Z', [3000, 1800, 170, 90], [500, 400, 20, 10])

  function restamped(event: object, at: string): object {
    return { ...event, timestamp: at }
  }

  it('where the copy has the times of its making', async () => {
    folder.write(parentFile, [meta(), turn(), first, second])
    folder.write(childFile, [
      meta(childId, { forked_from_id: parentId }, '2026-02-20T11:00:00.000Z'),
      meta(),
      turn(),
      restamped(first, '2026-02-20T11:00:00.100Z'),
      restamped(second, '2026-02-20T11:00:00.200Z'),
      own,
    ])
    const { charges, counted } = await importAll()
    expect([...charges.values()].map(({ at, labels }) => [new Date(at).toISOString(), labels['session']])).toEqual([
      ['2026-02-20T10:00:10.000Z', parentId],
      ['2026-02-20T10:01:10.000Z', parentId],
      ['2026-02-20T11:03:00.000Z', childId],
    ])
    expect(counted).toEqual({ read: 5, booked: 3, superseded: 0, duplicates: 2 })
  })

  it('where the copy keeps the times and nothing says that it is one', async () => {
    folder.write(parentFile, [meta(), turn(), first, second])
    folder.write(childFile, [meta(childId), turn(), first, second, own])
    expect((await importAll()).counted).toEqual({ read: 5, booked: 3, superseded: 0, duplicates: 2 })
  })

  it('where the parent went on after the fork, and the fork was forked again', async () => {
    const grandchildId = '019d8135-0000-7000-8000-000000000003'
    const grandchild = `archived_sessions/rollout-2026-02-20T12-00-00-${grandchildId}.jsonl`
    folder.write(parentFile, [meta(), turn(), first, second, tokens('2026-02-20T11:30:00.000Z', [9000, 1400, 500, 80], [6500, 0, 350, 0])])
    const at = '2026-02-20T11:00:00.500Z'
    folder.write(childFile, [
      meta(childId, { forked_from_id: parentId }, '2026-02-20T11:00:00.000Z'),
      turn(),
      restamped(first, at),
      restamped(second, at),
      own,
    ])
    const late = '2026-02-20T12:00:00.500Z'
    folder.write(grandchild, [
      meta(grandchildId, { source: { subagent: { thread_spawn: { parent_thread_id: childId, depth: 1 } } } }, '2026-02-20T12:00:00.000Z'),
      turn(),
      restamped(first, late),
      restamped(second, late),
      restamped(own, late),
      tokens('2026-02-20T12:09:00.000Z', [3100, 1800, 180, 90], [100, 0, 10, 0]),
    ])
    expect((await importAll()).counted).toEqual({ read: 10, booked: 5, superseded: 0, duplicates: 5 })
  })

  it('where the file of the parent is gone: two forks share what they copied', async () => {
    for (const [id, hour] of [
      [childId, '11'],
      ['019d8136-0000-7000-8000-000000000004', '12'],
    ] as const) {
      const made = `2026-02-20T${hour}:00:00`
      folder.write(`sessions/rollout-2026-02-20T${hour}-00-00-${id}.jsonl`, [
        meta(id, { forked_from_id: parentId }, `${made}.000Z`),
        turn(),
        restamped(first, `${made}.300Z`),
        restamped(second, `${made}.300Z`),
        tokens(`2026-02-20T${hour}:05:00.000Z`, [3000, 1800, 170, 90], [500, 400, 20, 10]),
      ])
    }
    expect((await importAll()).counted).toEqual({ read: 6, booked: 4, superseded: 0, duplicates: 2 })
  })

  it('where the writer numbers its lines and says where its own begin', async () => {
    const lines = [
      meta(childId, { parent_thread_id: parentId, subagent_history_start_ordinal: 3 }, '2026-02-20T11:00:00.000Z'),
      turn(),
      restamped(first, '2026-02-20T11:00:07.000Z'),
      own,
    ]
    folder.write(
      childFile,
      lines.map((line, ordinal) => ({ ...line, ordinal })),
    )
    folder.write(childFile.replaceAll(childId, '019d8137-0000-7000-8000-000000000005'), [
      { ...meta('019d8137-0000-7000-8000-000000000005', { parent_thread_id: parentId, subagent_history_start_ordinal: 3 }), ordinal: 0 },
      { ...restamped(first, '2026-02-20T11:00:09.000Z'), ordinal: 2 },
    ])
    expect((await importAll()).counted).toEqual({ read: 3, booked: 2, superseded: 0, duplicates: 1 })
  })
})

describe('a second import of Codex sessions', () => {
  it('goes on with the model and the total where the first one stopped', async () => {
    folder.write(parentFile, [meta(), turn(), first])
    await importAll()
    expect((await importAll(sink.again())).counted.read).toBe(0)
    folder.append(parentFile, [first, tokens('2026-02-20T10:01:10.000Z', [2500, 1400, 150, 80], null)])
    const again = await importAll(sink.again())
    expect(again.counted).toEqual({ read: 2, booked: 1, superseded: 0, duplicates: 1 })
    expect([...again.charges.values()].at(-1)).toMatchObject({ model: 'gpt-5.1-codex', usage: { inputTokens: 500, cacheReadTokens: 1000 } })
  })

  it('books nothing twice when a session moves to the archive', async () => {
    folder.write(parentFile, [meta(), turn(), first])
    await importAll()
    folder.write(`archived_sessions/rollout-2026-02-20T10-00-00-${parentId}.jsonl`, [meta(), turn(), first])
    expect((await importAll(sink.again())).counted).toEqual({ read: 1, booked: 0, superseded: 0, duplicates: 1 })
  })
})

describe('where Codex sessions are looked for', () => {
  it('under ~/.codex, or where the owner names them; what is no rollout is left alone', async () => {
    folder.write(`.codex/${parentFile}`, [meta(), turn(), first])
    folder.write('.codex/sessions/notes.jsonl', [second])
    await importCodex({ env: { HOME: folder.path } }, sink)
    expect(sink.counted.booked).toBe(1)
    await importCodex({ env: {}, paths: [`${folder.path}/.codex`], labels: { project: 'mine' }, basis: 'metered' }, sink.again())
    await importCodex({ env: { HOME: `${folder.path}/absent` } }, sink)
    expect(sink.charges.size).toBe(1)
    await expect(importCodex({ env: {}, paths: [`${folder.path}/absent`] }, sink)).rejects.toMatchObject({ code: 'PURSER_NOT_FOUND' })
  })

  it('stops where it is told to and goes on there the next time', async () => {
    const events = Array.from({ length: 1200 }, (_, index) => tokens('2026-02-20T10:00:10.000Z', [index + 1, 0, 1, 0], [1, 0, 1, 0]))
    folder.write(parentFile, [meta(), turn(), ...events])
    await importAll(stoppedAfterFirstCalls(sink))
    expect(sink.charges.size).toBe(500)
    expect((await importAll(sink.again())).counted).toEqual({ read: 700, booked: 700, superseded: 0, duplicates: 0 })
  })
})
