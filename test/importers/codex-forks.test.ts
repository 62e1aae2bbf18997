import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { importCodex } from '../../src/importers/codex.ts'
import { createFolder, type Folder } from './folder.ts'
import { createMemorySink, type MemorySink } from './memory-sink.ts'

const parentId = '019d8133-9c57-7741-8024-107194f4be77'
const forkId = '019d8134-8f08-71d3-b158-852f96d7a2f5'
const secondForkId = '019d8135-0000-7000-8000-000000000003'
const days = { parent: 'sessions/2026/11/01', fork: 'sessions/2026/11/02', secondFork: 'sessions/2026/11/03' }

let folder: Folder
let sink: MemorySink

beforeEach(() => {
  folder = createFolder()
  sink = createMemorySink()
})

function meta(id: string, at: string, forkedFrom?: string): object {
  const payload = { id, timestamp: at, cwd: '/home/dev/atlas', model_provider: 'openai', forked_from_id: forkedFrom }
  return { timestamp: at, type: 'session_meta', payload }
}

/** A call of a million input tokens, after which the session has used so many million. */
function call(at: string, total: number, output = 10): object {
  const usage = (input: number): object => ({ input_tokens: input, cached_input_tokens: 0, output_tokens: output, total_tokens: input })
  const info = { total_token_usage: usage(total * 1_000_000), last_token_usage: usage(1_000_000) }
  return { timestamp: at, type: 'event_msg', payload: { type: 'token_count', info } }
}

function rollout(day: string, id: string, lines: readonly object[]): void {
  folder.write(`${day}/rollout-${id}.jsonl`, [lines[0], { type: 'turn_context', payload: { model: 'gpt-5' } }, ...lines.slice(1)])
}

const parentCalls = [call('2026-11-01T10:00:10Z', 1), call('2026-11-01T10:05:10Z', 2)]

function writeParent(...more: object[]): void {
  rollout(days.parent, parentId, [meta(parentId, '2026-11-01T10:00:00Z'), ...parentCalls, ...more])
}

/** A fork of the parent; what it copied was written `gapMs` apart. */
function writeFork(gapMs = 1, own = call('2026-11-02T09:10:00Z', 3)): void {
  const created = Date.parse('2026-11-02T09:00:00Z')
  const copied = [1, 2].map((total) => call(new Date(created + gapMs * total).toISOString(), total))
  rollout(days.fork, forkId, [meta(forkId, '2026-11-02T09:00:00Z', parentId), ...copied, own])
}

/** A fork of the fork, which brings its whole history along. */
function writeSecondFork(): void {
  const at = '2026-11-03T09:00:00.100Z'
  const own = call('2026-11-03T09:10:00Z', 4)
  rollout(days.secondFork, secondForkId, [meta(secondForkId, '2026-11-03T09:00:00Z', forkId), call(at, 1), call(at, 2), call(at, 3), own])
}

async function importDay(day: keyof typeof days): Promise<void> {
  await importCodex({ env: {}, paths: [join(folder.path, days[day])] }, sink.again())
}

async function importTree(): Promise<void> {
  await importCodex({ env: { CODEX_HOME: folder.path } }, sink.again())
}

function remove(day: keyof typeof days): void {
  rmSync(join(folder.path, days[day]), { recursive: true })
}

function booked(): { calls: number; input: number } {
  const calls = [...sink.charges.values()]
  return { calls: calls.length, input: calls.reduce((sum, { usage }) => sum + (usage.inputTokens ?? 0), 0) }
}

describe('a fork and its parent are three calls of a million tokens', () => {
  it('when they are imported at once', async () => {
    writeParent()
    writeFork()
    await importTree()
    expect(booked()).toEqual({ calls: 3, input: 3_000_000 })
  })

  it.each([1, 4000])('when the parent is imported first, and copying took %i ms a call', async (gapMs) => {
    writeParent()
    writeFork(gapMs)
    await importDay('parent')
    await importDay('fork')
    expect(booked()).toEqual({ calls: 3, input: 3_000_000 })
  })

  it('when the fork is imported first', async () => {
    writeParent()
    writeFork(700)
    await importDay('fork')
    await importDay('parent')
    expect(booked()).toEqual({ calls: 3, input: 3_000_000 })
  })

  it.each([1, 4000])("when the parent's file is gone by then, and copying took %i ms a call", async (gapMs) => {
    writeParent()
    await importTree()
    writeFork(gapMs)
    remove('parent')
    await importTree()
    expect(booked()).toEqual({ calls: 3, input: 3_000_000 })
  })
})

describe('a parent that goes on after the fork has calls of its own', () => {
  const sameByAccident = call('2026-11-02T11:00:00Z', 3)

  it.each([[['parent', 'fork']], [['fork', 'parent']]] as const)('also where they look like those of the fork: %j', async (order) => {
    writeParent(sameByAccident)
    writeFork()
    for (const day of order) await importDay(day)
    expect(booked()).toEqual({ calls: 4, input: 4_000_000 })
    await importTree()
    expect(booked().calls).toBe(4)
  })

  it('also where both are imported at once, or the parent grows later', async () => {
    writeParent()
    writeFork()
    await importTree()
    writeParent(sameByAccident)
    await importTree()
    expect(booked()).toEqual({ calls: 4, input: 4_000_000 })
  })
})

describe('a fork of a fork', () => {
  const orders = [
    ['parent', 'fork', 'secondFork'],
    ['fork', 'secondFork', 'parent'],
  ] as const

  it.each(orders.map((order) => [order]))('counts what it brought along once: %j', async (order) => {
    writeParent()
    writeFork()
    writeSecondFork()
    for (const day of order) await importDay(day)
    await importTree()
    expect(booked()).toEqual({ calls: 4, input: 4_000_000 })
  })

  it('also where the files of both before it are gone', async () => {
    writeParent()
    writeFork()
    await importTree()
    writeSecondFork()
    remove('parent')
    remove('fork')
    await importTree()
    expect(booked()).toEqual({ calls: 4, input: 4_000_000 })
  })
})

it('a copy that does not say so counts once, whichever is imported first', async () => {
  for (const order of [['fork', 'parent'] as const, ['parent', 'fork'] as const]) {
    sink = createMemorySink()
    writeParent()
    rollout(days.fork, forkId, [meta(forkId, '2026-11-02T09:00:00Z'), ...parentCalls, call('2026-11-02T09:10:00Z', 3)])
    for (const day of order) await importDay(day)
    expect(booked()).toEqual({ calls: 3, input: 3_000_000 })
  }
})

it('sessions that happen to use the same tokens are calls of their own', async () => {
  rollout(days.parent, parentId, [meta(parentId, '2026-11-01T10:00:00Z'), call('2026-11-01T10:00:10Z', 1)])
  rollout(days.fork, forkId, [meta(forkId, '2026-11-02T10:00:00Z'), call('2026-11-02T10:00:10Z', 1)])
  await importTree()
  expect(booked().calls).toBe(2)
})
