import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Purser } from '../../src/purser.ts'
import { acmeCards } from './acme-cards.ts'
import { openBehind, openTemporaryLedger, openTemporaryStore, booking, book, temporaryFolder } from './temporary-ledger.ts'

const program = fileURLToPath(new URL('booking-process.ts', import.meta.url))

interface BookingProcess {
  readonly name: string
  readonly child: ChildProcessByStdio<Writable, Readable, null>
  /** What it said was booked. */
  readonly answered: number[]
  readonly ready: Promise<void>
  /** Resolves with the longest wait in milliseconds, or undefined where it was killed. */
  readonly done: Promise<number | undefined>
}

function start(path: string, name: string, calls: number, width = 1): BookingProcess {
  const child = spawn(process.execPath, [program, path, name, String(calls), String(width)], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const answered: number[] = []
  let longest: number | undefined
  const lines = createInterface({ input: child.stdout })
  const ready = Promise.withResolvers<void>()
  lines.on('line', (line) => {
    if (line === 'ready') ready.resolve()
    else if (line.startsWith('longest ')) longest = Number(line.slice(8))
    else answered.push(Number(line))
  })
  const done = Promise.all([once(lines, 'close'), once(child, 'exit')]).then(() => {
    ready.resolve()
    return longest
  })
  return { name, child, answered, ready: ready.promise, done }
}

const go = (processes: readonly BookingProcess[]): void => {
  for (const { child } of processes) child.stdin.write('go\n')
}

const everything = { groupBy: ['project'], sinceMs: undefined, untilMs: undefined, timezone: 'UTC', weekStart: 1, where: [] }

async function expectAllBooked(purser: Purser, processes: readonly BookingProcess[]): Promise<void> {
  const booked = new Set((await Array.fromAsync(purser.charges())).map((charge) => charge.id as string))
  for (const { name, answered } of processes) {
    for (const n of answered) if (!booked.has(`${name}-${n}`)) expect.fail(`${name}-${n} was answered and is lost`)
  }
  const { total } = await purser.costs(everything)
  expect(total.calls).toBe(booked.size)
  expect(total.costNanos).toBe(BigInt(booked.size) * 6n)
  expect((await purser.verify({ repair: false })).discrepancies).toEqual([])
}

describe('several processes on one ledger', () => {
  test('create it together, book together, and lose nothing', async () => {
    const path = join(temporaryFolder(), 'ledger.db')
    const processes = ['a', 'b', 'c', 'd'].map((name) => start(path, name, 150))
    await Promise.all(processes.map((each) => each.ready))
    go(processes)
    expect((await Promise.all(processes.map((each) => each.done))).every((longest) => longest !== undefined)).toBe(true)
    const purser = await openTemporaryLedger({ db: path })
    expect((await purser.costs({ ...everything, sort: 'name' })).rows.map((row) => [row.key[0], row.calls, row.runs])).toEqual(
      ['a', 'b', 'c', 'd'].map((name) => [name, 150, 10]),
    )
    await expectAllBooked(purser, processes)
  })

  test('that book the same calls book each of them once', async () => {
    const path = join(temporaryFolder(), 'ledger.db')
    const processes = [start(path, 'same', 200, 4), start(path, 'same', 200, 5), start(path, 'same', 200, 8)]
    await Promise.all(processes.map((each) => each.ready))
    go(processes)
    await Promise.all(processes.map((each) => each.done))
    const purser = await openTemporaryLedger({ db: path })
    expect((await purser.costs(everything)).total.calls).toBe(200)
    await expectAllBooked(purser, processes)
  })

  test('wait for each other, and none waits long: bulk work lets single calls through', async () => {
    const path = join(temporaryFolder(), 'ledger.db')
    const single = start(path, 'single', 60)
    const bulk = [start(path, 'bulk1', 25_000, 500), start(path, 'bulk2', 25_000, 500)]
    await Promise.all([single, ...bulk].map((each) => each.ready))
    go(bulk)
    go([single])
    const longest = await single.done
    expect(longest).toBeLessThan(5000)
    for (const { child } of bulk) child.kill('SIGKILL')
    await Promise.all(bulk.map((each) => each.done))
    await expectAllBooked(await openTemporaryLedger({ db: path }), [single, ...bulk])
  })

  test('may come and go while another reads and writes', async () => {
    const purser = await openTemporaryLedger()
    const until = performance.now() + 1500
    let n = 0
    const coming = (async () => {
      while (performance.now() < until) {
        const other = await Purser.open({ db: purser.location, ownerCards: acmeCards })
        await other.record({ provider: 'acme', model: 'big', usage: { inputTokens: 3 } })
        n += 1
        await other.close()
      }
    })()
    const child = start(purser.location, 'child', 100)
    await child.ready
    go([child])
    while (performance.now() < until) {
      await purser.costs(everything)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all([coming, child.done])
    expect((await purser.costs(everything)).total.calls).toBe(n + 100)
  })
})

describe('a process that is killed in the middle of booking', () => {
  test('loses nothing that it answered, and leaves sums that agree', async () => {
    const path = join(temporaryFolder(), 'ledger.db')
    const killed: BookingProcess[] = []
    for (const [round, width] of [1, 20, 3, 250, 1, 50].entries()) {
      const victim = start(path, `round${round}`, 100_000, width)
      const beside = start(path, `beside${round}`, 20)
      await Promise.all([victim.ready, beside.ready])
      go([victim, beside])
      while (victim.answered.length < 5 * width) await new Promise((resolve) => setTimeout(resolve, 1))
      await new Promise((resolve) => setTimeout(resolve, 7 * round))
      victim.child.kill('SIGKILL')
      expect(await victim.done).toBeUndefined()
      expect(await beside.done).toBeDefined()
      killed.push(victim, beside)
    }
    const purser = await openTemporaryLedger({ db: path })
    await expectAllBooked(purser, killed)
    await purser.record({ provider: 'acme', model: 'big', usage: { inputTokens: 3 } })
  })
})

describe('a ledger that another process has locked', () => {
  test('is written as soon as the other lets go', async () => {
    const store = openTemporaryStore()
    const behind = openBehind(store.location)
    behind.exec('BEGIN IMMEDIATE')
    const writing = book(store, booking({ id: 'patient' }))
    await new Promise((resolve) => setTimeout(resolve, 200))
    behind.exec('COMMIT')
    expect(await writing).toMatchObject([{ outcome: 'booked' }])
  })

  test('can be read meanwhile', async () => {
    const purser = await openTemporaryLedger()
    await purser.record({ provider: 'acme', model: 'big', usage: { inputTokens: 3 } })
    openBehind(purser.location).exec('BEGIN IMMEDIATE')
    expect((await purser.costs(everything)).total.calls).toBe(1)
  })

  test('refuses after a while, has written nothing, and works again later', async () => {
    const store = openTemporaryStore()
    const behind = openBehind(store.location)
    behind.exec('BEGIN IMMEDIATE')
    await expect(book(store, booking({ id: 'impatient' }))).rejects.toMatchObject({
      code: 'PURSER_LEDGER_LOCKED',
      message: expect.stringContaining('15 seconds') as string,
    })
    behind.exec('ROLLBACK')
    expect(await Array.fromAsync(store.charges({}))).toEqual([])
    expect(await book(store, booking({ id: 'impatient' }))).toMatchObject([{ outcome: 'booked' }])
  })
})
