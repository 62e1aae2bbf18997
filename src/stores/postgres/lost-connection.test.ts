import { describe, expect, onTestFinished, test } from 'vitest'
import { book, booking } from '../../../test/ledger/temporary-ledger.ts'
import { connect, createDatabase, emptySchema } from '../../../test/stores/postgres-database.ts'
import { GateLedger, usd } from '../../../test/stores/gate-ledger.ts'
import { PostgresProxy } from '../../../test/stores/postgres-proxy.ts'
import { PostgresServer } from '../../../test/stores/postgres-server.ts'
import { defaultSubjects } from '../../ledger/labels.ts'
import { openPostgresStore } from './postgres-store.ts'

type Opened = Awaited<ReturnType<typeof openPostgresStore>>

async function open(place: { url: string; schema?: string }, patienceMs = 10_000): Promise<Opened> {
  const store = await openPostgresStore({ ...place, patienceMs, create: true, timezone: 'UTC', subjects: defaultSubjects })
  onTestFinished(() => store.close())
  return store
}

async function networkBefore(url: string): Promise<PostgresProxy> {
  const proxy = await PostgresProxy.open(url)
  onTestFinished(() => proxy.close())
  return proxy
}

async function expectSound(store: Opened, ids: readonly string[]): Promise<void> {
  const booked = await Array.fromAsync(store.charges({}), ({ id }) => id as string)
  expect(booked.toSorted()).toEqual(ids.toSorted())
  expect((await store.verify({ repair: false })).discrepancies).toEqual([])
}

describe('a connection that breaks', () => {
  test('while nothing is written is replaced, for reading and for writing', async () => {
    const place = await emptySchema()
    const store = await open(place)
    await book(store, booking({ id: 'before' }))
    await store.charge('before' as never)
    await terminateOthers(place.url)
    expect(await store.charge('before' as never)).toMatchObject({ id: 'before' })
    await terminateOthers(place.url)
    expect(await book(store, booking({ id: 'after' }))).toMatchObject([{ outcome: 'booked', seq: 2 }])
    await expectSound(store, ['before', 'after'])
  })

  test('is replaced although all that were open break at the same moment', async () => {
    const place = await emptySchema()
    const store = await open(place)
    await book(store, booking({ id: 'there' }))
    const admin = await connect(place.url)
    const readAll = () => Promise.all(Array.from({ length: 4 }, () => store.span()))
    for (let round = 0; round < 5; round += 1) {
      await readAll()
      await admin.query(terminate)
      // This process has no time to notice before it reads again.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
      expect(await store.span()).toBeDefined()
    }
  })

  test('before the commit reached the server books everything once, on another connection', async () => {
    const place = await emptySchema()
    const proxy = await networkBefore(place.url)
    const store = await open({ ...place, url: proxy.url })
    await book(store, booking({ id: 'first' }))
    proxy.fault = 'lost'
    expect(await book(store, booking({ id: 'second' }))).toMatchObject([{ outcome: 'booked' }])
    await expectSound(store, ['first', 'second'])
  })

  test('after the commit gives the answer that got lost, and books nothing twice', async () => {
    const place = await emptySchema()
    const proxy = await networkBefore(place.url)
    const store = await open({ ...place, url: proxy.url })
    const told: string[] = []
    store.listen(({ kind }) => told.push(kind))
    proxy.fault = 'unanswered'
    const transaction = { bookings: [booking({ id: 'once' })], events: [{ kind: 'noted', body: {} }] }
    expect(await store.transact(transaction)).toEqual([{ outcome: 'booked', id: 'once', seq: 1 }])
    expect(told).toEqual(['noted'])
    expect(await book(store, booking({ id: 'next' }))).toMatchObject([{ outcome: 'booked', seq: 3 }])
    await expectSound(store, ['once', 'next'])
  })

  test.each([
    ['lost', []],
    ['unanswered', ['doubtful']],
  ] as const)('at the commit for good is answered as unknown, and the same id tells what became of it: %s', async (fault, booked) => {
    const place = await emptySchema()
    const proxy = await networkBefore(place.url)
    const store = await open({ ...place, url: proxy.url }, 300)
    proxy.fault = fault
    proxy.isDownAfterwards = true
    await expect(book(store, booking({ id: 'doubtful' }))).rejects.toMatchObject({
      code: 'PURSER_OUTCOME_UNKNOWN',
      message: expect.stringContaining('retry with the same id') as string,
    })
    const direct = await open(place)
    await expectSound(direct, booked)
    const outcome = booked.length === 0 ? 'booked' : 'duplicate'
    expect(await book(direct, booking({ id: 'doubtful' }))).toMatchObject([{ outcome }])
  })

  test('by a server that ends sessions while many write loses and repeats nothing', async () => {
    const place = await emptySchema()
    const store = await open(place)
    const ids = Array.from({ length: 400 }, (_, n) => `call-${n}`)
    const done = new AbortController()
    const disturbing = (async () => {
      while (!done.signal.aborted) {
        await terminateOthers(place.url)
        await new Promise((resolve) => setTimeout(resolve, 15))
      }
    })()
    await inTurns(ids, 8, async (id) => {
      expect(await book(store, booking({ id, labels: { project: 'p', run: id.slice(0, 6) } }))).toMatchObject([{ outcome: 'booked' }])
    })
    done.abort()
    await disturbing
    await expectSound(store, ids)
  })
})

describe('the gate of a ledger whose connections break', () => {
  test('grants what fits and no more, over several processes, and the same id gets the same grant', async () => {
    const place = await emptySchema()
    const stores = await Promise.all([open(place), open(place), open(place)])
    const gates = stores.map((store) => new GateLedger(store, Date.now))
    await (gates[0] as GateLedger).define({ limit: usd(5) })
    const done = new AbortController()
    const disturbing = (async () => {
      while (!done.signal.aborted) {
        await terminateOthers(place.url)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })()
    const grants = new Set<string>()
    const ids = Array.from({ length: 300 }, (_, n) => `hold-${n % 150}`)
    await inTurns([...ids.entries()], 24, async ([n, id]) => {
      const answer = await (gates[n % 3] as GateLedger).reserve(usd(0.1), { id })
      if (answer.granted) grants.add(answer.id)
    })
    const [first = '', second = '', ...others] = grants
    await Promise.all([...others.entries()].map(([n, id]) => (gates[n % 3] as GateLedger).settle(id, usd(0.04))))
    await (gates[1] as GateLedger).release(first)
    done.abort()
    await disturbing
    expect(grants.size).toBe(50)
    // 48 settled at four cents each, one hold of ten cents still open.
    expect(await (gates[2] as GateLedger).counter()).toMatchObject({ spent: usd(1.92), held: usd(0.1), presumed: 0n })
    expect(await (gates[0] as GateLedger).reserve(usd(0.1), { id: second })).toMatchObject({ granted: true, id: second })
    expect((await (stores[0] as Opened).verify({ repair: false })).discrepancies).toEqual([])
  })
})

describe('a server that loses its power', () => {
  test('and comes back keeps what it answered, and answers the rest', async () => {
    const server = await PostgresServer.create()
    onTestFinished(() => server.remove())
    const store = await open({ url: await createDatabase(server.url()) })
    const ids = Array.from({ length: 600 }, (_, n) => `call-${n}`)
    const failing = (async () => {
      for (let round = 0; round < 3; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, 150))
        await server.stop('immediate')
        await server.start()
      }
    })()
    await inTurns(ids, 8, async (id) => {
      const [first] = await book(store, booking({ id, labels: { project: 'p', session: id } }))
      expect(first?.outcome).toBe('booked')
      await new Promise((resolve) => setTimeout(resolve, 5))
    })
    await failing
    await expectSound(store, ids)
  })

  test('and stays away is told, and nothing is written', async () => {
    const server = await PostgresServer.create()
    onTestFinished(() => server.remove())
    const store = await open({ url: await createDatabase(server.url()) }, 300)
    await server.stop('fast')
    await expect(store.span()).rejects.toMatchObject({ code: 'PURSER_LEDGER_UNAVAILABLE' })
    await expect(book(store, booking({ id: 'late' }))).rejects.toMatchObject({
      code: 'PURSER_LEDGER_UNAVAILABLE',
      message: expect.stringContaining('Nothing was written') as string,
    })
    await server.start()
    expect(await book(store, booking({ id: 'late' }))).toMatchObject([{ outcome: 'booked', seq: 1 }])
  })
})

const terminate = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()'

/** Ends all other sessions of a database, as an administrator does. */
async function terminateOthers(url: string): Promise<void> {
  const client = await connect(url)
  await client.query(terminate)
  await client.end()
}

/** Works through all of something, so many at once. */
async function inTurns<T>(all: readonly T[], width: number, work: (each: T) => Promise<void>): Promise<void> {
  const waiting = all.values()
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const each of waiting) await work(each)
    }),
  )
}
