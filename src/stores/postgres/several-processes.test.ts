import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { book, booking } from '../../../test/ledger/temporary-ledger.ts'
import { connect, emptySchema } from '../../../test/stores/postgres-database.ts'
import { defaultSubjects } from '../../ledger/labels.ts'
import { openPostgresStore } from './postgres-store.ts'
import { lockKey } from './schema.ts'

const program = fileURLToPath(new URL('../../../test/stores/postgres-process.ts', import.meta.url))

interface Place {
  readonly url: string
  readonly schema: string
}

interface BookingProcess {
  readonly child: ChildProcessByStdio<Writable, Readable, null>
  /** Ids that it said were booked, with their places. */
  readonly answered: Map<string, number>
  readonly ready: Promise<void>
  readonly done: Promise<void>
}

function start({ url, schema }: Place, name: string, calls: number, width: number): BookingProcess {
  const child = spawn(process.execPath, [program, url, schema, name, String(calls), String(width)], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const answered = new Map<string, number>()
  const ready = Promise.withResolvers<void>()
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    const [n, seq] = line.split(' ')
    if (line === 'ready') ready.resolve()
    else answered.set(`${name}-${n}`, Number(seq))
  })
  const done = Promise.all([once(lines, 'close'), once(child, 'exit')]).then(() => ready.resolve())
  return { child, answered, ready: ready.promise, done }
}

async function open(place: Place) {
  const store = await openPostgresStore({ ...place, create: true, timezone: 'UTC', subjects: defaultSubjects })
  onTestFinished(() => store.close())
  return store
}

describe('several processes on one ledger on Postgres', () => {
  test('create it together, book together and lose nothing, and a later place is never seen before an earlier one', async () => {
    const place = await emptySchema()
    const processes = ['a', 'b', 'c', 'd'].map((name, n) => start(place, name, 300, 1 + 3 * n))
    await Promise.all(processes.map(({ ready }) => ready))
    for (const { child } of processes) child.stdin.write('go\n')
    const behind = await connect(place.url)
    const seen: { n: number; last: number }[] = []
    const all = Promise.all(processes.map(({ done }) => done)).then(() => true)
    while (!(await Promise.race([all, new Promise<false>((resolve) => setTimeout(() => resolve(false), 5))]))) {
      const { rows } = await behind.query(`SELECT count(*)::int AS n, coalesce(max(seq), 0)::int AS last FROM ${place.schema}.charges`)
      seen.push(rows[0] as { n: number; last: number })
    }
    expect(seen.length).toBeGreaterThan(3)
    expect(seen.filter(({ n, last }) => n !== last)).toEqual([])
    const store = await open(place)
    const booked = new Map(await Array.fromAsync(store.charges({}), ({ id, seq }) => [id as string, seq] as const))
    expect(booked).toEqual(new Map(processes.flatMap(({ answered }) => [...answered]).toSorted(([, a], [, b]) => a - b)))
    expect(booked.size).toBe(1200)
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('that are killed in the middle leave what they answered, and sums that agree', async () => {
    const place = await emptySchema()
    const store = await open(place)
    const answered = new Set<string>()
    for (const round of [1, 2, 3, 4]) {
      const victims = ['x', 'y'].map((name) => start(place, `${name}${round}`, 100_000, 16))
      await Promise.all(victims.map(({ ready }) => ready))
      for (const { child } of victims) child.stdin.write('go\n')
      while (victims.some((victim) => victim.answered.size < 40 * round)) await new Promise((resolve) => setTimeout(resolve, 1))
      for (const { child } of victims) child.kill('SIGKILL')
      await Promise.all(victims.map(({ done }) => done))
      for (const victim of victims) for (const id of victim.answered.keys()) answered.add(id)
      expect(await book(store, booking({ id: `after-${round}` }))).toMatchObject([{ outcome: 'booked' }])
    }
    const booked = new Set(await Array.fromAsync(store.charges({}), ({ id }) => id as string))
    expect([...answered].filter((id) => !booked.has(id))).toEqual([])
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })
})

describe('a ledger on Postgres that somebody has locked', () => {
  test('can be read, is written as soon as the other lets go, and refuses after a while', async () => {
    const place = await emptySchema()
    const store = await open(place)
    await book(store, booking({ id: 'before' }))
    const other = await connect(place.url)
    await other.query('SELECT pg_advisory_lock($1)', [lockKey(place.schema)])
    const writing = book(store, booking({ id: 'patient' }))
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await Array.fromAsync(store.charges({}), ({ id }) => id as string)).toEqual(['before'])
    await other.query('SELECT pg_advisory_unlock($1)', [lockKey(place.schema)])
    expect(await writing).toMatchObject([{ outcome: 'booked', seq: 2 }])

    await other.query('SELECT pg_advisory_lock($1)', [lockKey(place.schema)])
    await expect(book(store, booking({ id: 'impatient' }))).rejects.toMatchObject({
      code: 'PURSER_LEDGER_LOCKED',
      message: expect.stringContaining('15 seconds') as string,
    })
    await other.query('SELECT pg_advisory_unlock($1)', [lockKey(place.schema)])
    expect(await book(store, booking({ id: 'impatient' }))).toMatchObject([{ outcome: 'booked', seq: 3 }])
  })
})
