import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { defaultSubjects } from '../../src/ledger/labels.ts'
import { openPostgresStore } from '../../src/stores/postgres/postgres-store.ts'
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts'
import type { Store } from '../../src/stores/store.ts'
import { temporaryFolder } from '../ledger/temporary-ledger.ts'
import { GateLedger } from '../stores/gate-ledger.ts'
import { createDatabase } from '../stores/postgres-database.ts'
import { PostgresServer } from '../stores/postgres-server.ts'
import type { Place } from './place.ts'

const program = fileURLToPath(new URL('holding-process.ts', import.meta.url))
const processes = 8
const settings = { timezone: 'UTC', subjects: defaultSubjects }
const limit = 25_000_000_000n

/** What the processes were told for certain. */
interface Told {
  readonly granted: Set<string>
  readonly released: Set<string>
  readonly settled: Map<string, bigint>
}

interface HoldingProcess {
  readonly child: ChildProcess
  readonly ready: Promise<void>
}

function start(place: Place, name: string, told: Told): HoldingProcess {
  const child = spawn(process.execPath, [program, JSON.stringify([place, name])], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ready = Promise.withResolvers<void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [what, id = '', cost = '0'] = line.split(' ')
    if (what === 'ready') ready.resolve()
    if (what === 'granted') told.granted.add(id)
    if (what === 'released') told.released.add(id)
    if (what === 'settled') told.settled.set(id, BigInt(cost))
  })
  child.once('exit', () => ready.resolve())
  return { child, ready: ready.promise }
}

/** Runs eight processes for a while, kills one at random again and again and starts another in its place. */
async function runAndKill(place: Place, seconds: number, disturb: () => Promise<void>): Promise<Told> {
  const told: Told = { granted: new Set(), released: new Set(), settled: new Map() }
  let started = 0
  const launch = async (): Promise<HoldingProcess> => {
    const launched = start(place, `k${(started += 1)}`, told)
    await launched.ready
    launched.child.stdin?.write('go\n')
    return launched
  }
  const running = await Promise.all(Array.from({ length: processes }, launch))
  const end = performance.now() + seconds * 1000
  for (let kills = 0; performance.now() < end; kills += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 300))
    const victim = Math.floor(Math.random() * processes)
    running[victim]?.child.kill('SIGKILL')
    running[victim] = await launch()
    if (kills % 5 === 2) await disturb()
  }
  await Promise.all(
    running.map(async ({ child }) => {
      const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
      child.kill('SIGKILL')
      await gone
    }),
  )
  return told
}

async function defineBudgets(store: Store): Promise<void> {
  const gate = new GateLedger(store, Date.now)
  await gate.define({ name: 'hot', limit, window: { kind: 'total' } })
  await gate.define({ name: 'project', limit: limit / 2n, window: { kind: 'total' }, each: ['project'] })
  await gate.define({ name: 'run', limit: 1_000_000_000n, window: { kind: 'run' }, each: ['run'] })
}

async function expectSound(store: Store, { granted, released, settled }: Told): Promise<void> {
  expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  const status = await store.gate('status', {})
  expect(status.length).toBeGreaterThan(processes)
  for (const row of status) {
    expect(row.spent + row.presumed + row.held, `${row.budget} ${JSON.stringify(row.scope)}`).toBeLessThanOrEqual(row.limit)
    expect(row.overLimit).toBeNull()
  }
  const booked = new Map<string, bigint | null>()
  for await (const charge of store.charges({})) booked.set(charge.hold ?? '', charge.costNanos)
  for (const [id, cost] of settled) expect(booked.get(id), `${id} was settled`).toBe(cost)
  for (const id of released) expect(booked.has(id), `${id} was released`).toBe(false)
  const hot = status.find(({ budget }) => budget === 'hot')
  expect(hot?.spent).toBe([...booked.values()].reduce((sum: bigint, cost) => sum + (cost ?? 0n), 0n))
  // Enough was going on for the limit to be reached, and no hold was granted beyond it.
  expect(granted.size).toBeGreaterThan(200)
  expect(hot!.spent + hot!.presumed + hot!.held).toBeGreaterThan(limit - 200_000_000n)
}

describe('eight processes, killed at random', () => {
  test('leave a SQLite ledger with no drift, and no grant past its bound', { timeout: 120_000 }, async () => {
    const path = join(temporaryFolder(), 'ledger.db')
    const store = openSqliteStore({ path, create: true, ...settings })
    onTestFinished(() => store.close())
    await defineBudgets(store)
    const told = await runAndKill({ kind: 'sqlite', path }, 6, async () => undefined)
    await expectSound(store, told)
  })

  test('leave a Postgres ledger so, while the server is stopped as if the power went', { timeout: 180_000 }, async () => {
    const server = await PostgresServer.create()
    onTestFinished(() => server.remove())
    const place = { url: await createDatabase(server.url()), schema: 'killed' }
    const store = await openPostgresStore({ ...place, create: true, ...settings })
    onTestFinished(() => store.close())
    await defineBudgets(store)
    const told = await runAndKill({ kind: 'postgres', ...place }, 8, async () => {
      await server.stop('immediate')
      await server.start()
    })
    await expectSound(store, told)
  })
})
