import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { PurserError } from '../../src/errors.ts'
import { Purser } from '../../src/purser.ts'
import { serve } from '../../src/server/serve.ts'
import { LedgerServer } from '../../src/stores/remote/ledger-server.ts'
import { acmeCard } from '../ledger/acme-cards.ts'
import { openTemporaryLedger, temporaryFolder } from '../ledger/temporary-ledger.ts'
import { RunningServer } from './running-server.ts'

const call = { provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 200 } }

async function connect(server: RunningServer, key?: string): Promise<Purser> {
  const purser = await Purser.connect({ url: server.url, ...(key !== undefined && { key }) })
  onTestFinished(() => purser.close())
  return purser
}

describe('a program that connects to a server', () => {
  test('books and asks as if the ledger was its own', async () => {
    const server = await RunningServer.start()
    const purser = await connect(server)
    // 1,000 × $2.50/M + 200 × $10/M = $0.0045.
    const charge = await purser.record({ ...call, id: 'c1', labels: { project: 'atlas' } })
    expect(charge).toMatchObject({ id: 'c1', costNanos: 4_500_000n, labels: { project: 'atlas' } })
    expect(await purser.charge('c1')).toEqual(await server.purser.charge('c1'))
    const question = { groupBy: ['project', 'model'] }
    expect(await purser.costs(question)).toEqual(await server.purser.costs(question))
    expect((await purser.costs(question)).total).toMatchObject({ calls: 1, costNanos: 4_500_000n })
    expect(await Array.fromAsync(purser.charges())).toEqual(await Array.fromAsync(server.purser.charges()))
    expect([purser.location, purser.timezone, purser.isReadOnly]).toEqual([server.url, 'UTC', false])
  })

  test('holds money, makes calls and executes runs within the budgets of the server', async () => {
    const server = await RunningServer.start()
    await server.purser.budgets.set('daily', { limit: '1.00', window: 'day' })
    const purser = await connect(server)
    const hold = await purser.holds.reserve({ id: 'h1', amount: { cost: '0.90' } })
    expect(hold).toMatchObject({ granted: true, id: 'h1' })
    // $0.90 of $1.00 is held, so $0.20 has no room, and $0.10 has.
    expect(await purser.holds.reserve({ amount: { cost: '0.20' } })).toMatchObject({
      granted: false,
      kind: 'contended',
      room: 100_000_000n,
    })
    await purser.holds.settle('h1', { ...call })
    expect(await purser.budgets.status()).toEqual(await server.purser.budgets.status())
    expect(await purser.budgets.status()).toMatchObject([{ spent: 4_500_000n, held: 0n }])
    const told: string[] = []
    purser.listen(({ kind }) => void told.push(kind))
    const ended = await purser.run({ id: 'r1', project: 'film', budget: '0.50' }, async (run) => {
      await run.stage('draft', () => purser.record({ ...call, id: 'in-run' }))
    })
    expect(ended.state).toBe('completed')
    expect(await purser.charge('in-run')).toMatchObject({ labels: { run: 'r1', stage: 'draft', project: 'film' } })
    expect(told).toContain('run.completed')
    const made = await purser.call(
      { amount: { cost: '0.01' }, read: () => ({ ...call }), provider: 'openai', model: 'gpt-4o' },
      async () => 'answer',
    )
    if (!made.granted) throw new Error(made.message)
    expect((await made.booked).charge).toMatchObject({ costNanos: 4_500_000n })
    expect(await server.purser.verify({ repair: false })).toMatchObject({ charges: 3, discrepancies: [] })
  })

  test('goes by the prices of the server', async () => {
    const card = acmeCard('own', { inputTokens: '0.000000007' }, { provider: 'house' })
    const server = await RunningServer.start({}, await openTemporaryLedger({ ownerCards: [card] }))
    const purser = await connect(server)
    const usage = { inputTokens: 1000 }
    // 1,000 × 7 nanos.
    expect(purser.price({ provider: 'house', model: 'own', usage })).toMatchObject({ status: 'priced', costNanos: 7000n })
    expect(await purser.record({ provider: 'house', model: 'own', usage })).toMatchObject({ costNanos: 7000n, card: { origin: 'owner' } })
  })

  test('sees and books as a member only what is theirs', async () => {
    const server = await RunningServer.start()
    await server.purser.budgets.set('all', { limit: '5', window: 'day' })
    const key = await server.key('member', { user: '7' })
    await server.purser.record({ ...call, id: 'theirs', labels: { user: '8', project: 'secret' } })
    const purser = await connect(server, key)
    // The label is added, and another value of it is refused.
    expect(await purser.record({ ...call, id: 'mine' })).toMatchObject({ labels: { user: '7' } })
    await expect(purser.record({ ...call, labels: { user: '8' } })).rejects.toMatchObject({ code: 'PURSER_FORBIDDEN' })
    await expect(purser.record({ ...call, id: 'theirs' })).rejects.toMatchObject({ code: 'PURSER_ID_CONFLICT' })
    expect(await purser.charge('theirs')).toBeUndefined()
    expect((await purser.costs({ groupBy: ['project'] })).total).toMatchObject({ calls: 1 })
    expect((await Array.fromAsync(purser.charges())).map(({ id }) => id)).toEqual(['mine'])
    expect(await purser.budgets.status()).toEqual([])
    expect(await purser.access.keys.list().catch(({ code }: PurserError) => code)).toBe('PURSER_FORBIDDEN')
    for (const asked of [
      purser.verify({ repair: false }),
      purser.budgets.set('x', { limit: '1', window: 'day' }),
      purser.refreshCatalog([], 'x'),
    ]) {
      await expect(asked).rejects.toMatchObject({ code: 'PURSER_FORBIDDEN' })
    }
    await expect(purser.access.keys.create({ name: 'mine', role: 'admin' })).rejects.toMatchObject({ code: 'PURSER_FORBIDDEN' })
  })

  test('may with each role what that may', async () => {
    const server = await RunningServer.start()
    await server.key('admin')
    await server.purser.record({ ...call, id: 'before' })
    await server.purser.budgets.set('daily', { limit: '5', window: 'day' })
    const ingest = await connect(server, await server.key('ingest'))
    expect(await ingest.record({ ...call, id: 'c1' })).toMatchObject({ id: 'c1', costNanos: 4_500_000n })
    const made = await ingest.call(
      { amount: { cost: '0.01' }, read: () => ({ ...call }), provider: 'openai', model: 'gpt-4o' },
      async () => 1,
    )
    if (!made.granted) throw new Error(made.message)
    expect((await made.booked).outcome).toBe('booked')
    const charges = Array.fromAsync(ingest.charges())
    for (const asked of [charges, ingest.charge('before'), ingest.costs(), ingest.budgets.list(), ingest.budgets.remove('daily')]) {
      await expect(asked).rejects.toMatchObject({ code: 'PURSER_FORBIDDEN' })
    }
    const viewer = await connect(server, await server.key('viewer'))
    expect(viewer.isReadOnly).toBe(true)
    expect((await viewer.costs()).total.calls).toBe(3)
    await expect(viewer.record(call)).rejects.toMatchObject({ code: 'PURSER_FORBIDDEN' })
    await expect(connect(server)).rejects.toMatchObject({ code: 'PURSER_UNAUTHENTICATED' })
  })

  test('without the right to manage writes nothing that others go by', async () => {
    const server = await RunningServer.start()
    const key = await server.key('ingest')
    const refused = async (input: unknown) => server.ask('POST', '/ledger/transact', { key, body: { input } })
    const [admin] = await server.purser.access.keys.list()
    for (const input of [
      { documents: [{ kind: 'key', key: admin?.id, body: { ...admin, role: 'admin' } }] },
      { documents: [{ kind: 'catalog', key: 'refreshed', body: [] }] },
      { events: [{ kind: 'budget.changed', body: {} }] },
      { bookings: [], batch: 'imp_1' },
    ]) {
      expect(await refused(input)).toMatchObject({ status: 403, body: { code: 'PURSER_FORBIDDEN' } })
    }
    expect(
      (await server.ask('POST', '/ledger/document', { key: await server.key('viewer'), body: { input: { kind: 'key', key: admin?.id } } }))
        .status,
    ).toBe(403)
  })

  test('is told what is malformed, and nothing of it is written', async () => {
    const server = await RunningServer.start()
    await server.purser.record({ ...call, id: 'good' })
    const good = await server.ask('POST', '/ledger/charge', { body: { input: { id: 'good' } } })
    const { seq: _, bookedAt: __, batch: ___, ...draft } = (good.body as { answer: Record<string, unknown> }).answer
    const booking = (more: object) => ({ bookings: [{ draft: { ...draft, id: 'bad', ...more }, onExisting: 'same', rank: 1 }] })
    for (const [operation, input] of [
      ['transact', booking({ costNanos: { $bigint: '1' } })],
      ['transact', booking({ costNanos: 0.5 })],
      ['transact', booking({ at: -1 })],
      ['transact', booking({ labels: { 'a b': 'x' } })],
      ['transact', booking({ usage: { gold: 1 } })],
      ['transact', 'nonsense'],
      ['reserve', { id: 'h', asked: {} }],
      ['rollups', [{ source: { rows: 'all' } }]],
      ['charge', { id: { $bigint: 'x' } }],
      ['charge', { $object: 'x' }],
      ['charges', { sinceMs: 'soon' }],
    ] as const) {
      const answer = await server.ask('POST', `/ledger/${operation}`, { body: { input } })
      expect([operation, answer.status]).toEqual([operation, 400])
    }
    expect((await server.purser.costs()).total.calls).toBe(1)
  })
})

describe('with the server away', () => {
  test('nothing is granted, questions say so, and what may have been done is said to be unknown', async () => {
    const server = await RunningServer.start()
    await server.purser.budgets.set('daily', { limit: '1.00', window: 'day' })
    const purser = await connect(server)
    await server.close()
    expect(await purser.holds.reserve({ amount: { cost: '0.01' } })).toMatchObject({
      granted: false,
      kind: 'unavailable',
      code: 'PURSER_LEDGER_UNAVAILABLE',
    })
    await expect(purser.costs()).rejects.toMatchObject({ code: 'PURSER_LEDGER_UNAVAILABLE' })
    await expect(connect(server)).rejects.toMatchObject({ code: 'PURSER_LEDGER_UNAVAILABLE' })
    // Somebody answers, and ends before the answer is whole.
    const { url } = await cutOff()
    const lost = new LedgerServer({ url, timeoutMs: 5000 })
    await expect(lost.ask('transact', {}, { writes: true })).rejects.toMatchObject({ code: 'PURSER_OUTCOME_UNKNOWN' })
    await expect(lost.ask('span', {}, { writes: false })).rejects.toMatchObject({ code: 'PURSER_LEDGER_UNAVAILABLE' })
  })

  test('records wait in a journal, and are booked exactly once when it is back', async () => {
    vi.stubEnv('XDG_STATE_HOME', temporaryFolder())
    onTestFinished(() => void vi.unstubAllEnvs())
    const server = await RunningServer.start()
    const warnings: string[] = []
    const purser = await Purser.connect({ url: server.url, onWarning: (message) => void warnings.push(message) })
    await purser.record({ ...call, id: 'before' })
    await server.close()
    expect(await purser.record({ ...call, id: 'c1', labels: { project: 'atlas' } })).toMatchObject({
      id: 'c1',
      seq: 0,
      costNanos: 4_500_000n,
    })
    await purser.record(call)
    expect(warnings[0]).toContain('It waits in ')
    expect(await purser.flush()).toEqual({ waiting: 2 })
    await purser.close()
    // The next program finds the journal, as soon as the server is at the same address again.
    const port = Number(new URL(server.url).port)
    const { close } = await serve(server.purser, { host: '127.0.0.1', port, version: '0' })
    onTestFinished(close)
    const next = await connect(server)
    await vi.waitFor(async () => expect(await next.flush()).toEqual({ waiting: 0 }))
    expect(await server.purser.charge('c1')).toMatchObject({ labels: { project: 'atlas' }, costNanos: 4_500_000n })
    expect((await server.purser.costs()).total).toMatchObject({ calls: 3, costNanos: 13_500_000n })
  })
})

describe('calls of which soft budgets only are to know, with the server away', () => {
  test('go on where that is allowed, and are booked once it is back; hard budgets refuse', async () => {
    vi.stubEnv('XDG_STATE_HOME', temporaryFolder())
    onTestFinished(() => void vi.unstubAllEnvs())
    const server = await RunningServer.start()
    await server.purser.budgets.set('watched', { limit: '1.00', window: 'day', mode: 'soft' })
    await server.purser.budgets.set('film', { limit: '1.00', window: 'day', where: ['project=film'] })
    const key = await server.key('member', { user: '7' })
    const allowing = { url: server.url, whenAway: 'allow', onWarning: () => undefined } as const
    const purser = await Purser.connect({ ...allowing, key: await server.key('admin') })
    const member = await Purser.connect({ ...allowing, key })
    const refusing = await connect(server, key)
    onTestFinished(() => Promise.all([purser.close(), member.close()]).then(() => undefined))
    await server.close()
    // Until the idle connections are seen to be closed, nobody knows whether a question reached the server.
    await new Promise((resolve) => setTimeout(resolve, 100))
    const made = { read: () => ({ ...call }), provider: 'openai', model: 'gpt-4o', amount: { cost: '0.01' } }
    expect(await purser.call({ ...made, labels: { project: 'film' } }, async () => 1)).toMatchObject({
      granted: false,
      kind: 'unavailable',
    })
    expect(await refusing.call(made, async () => 1)).toMatchObject({ granted: false, kind: 'unavailable' })
    // Which hard budgets others have is not a member's to know, so nothing is let through.
    expect(await member.call(made, async () => 1)).toMatchObject({ granted: false, kind: 'unavailable' })
    const called = await purser.call({ ...made, labels: { project: 'atlas' } }, async () => 1)
    if (!called.granted) throw new Error(called.message)
    expect((await called.booked).outcome).toBe('journaled')
    const { close } = await serve(server.purser, { host: '127.0.0.1', port: Number(new URL(server.url).port), version: '0' })
    onTestFinished(close)
    expect(await purser.flush()).toEqual({ waiting: 0 })
    expect((await server.purser.costs({ groupBy: ['project'] })).rows).toMatchObject([{ key: ['atlas'], calls: 1, costNanos: 4_500_000n }])
  })
})

describe('with answers that are lost', () => {
  test('a record is booked exactly once, although nobody knew that it was booked', async () => {
    vi.stubEnv('XDG_STATE_HOME', temporaryFolder())
    onTestFinished(() => void vi.unstubAllEnvs())
    const server = await RunningServer.start()
    const between = await losingAnswers(server.url, 1)
    const purser = await Purser.connect({ url: between.url, onWarning: () => undefined })
    onTestFinished(() => purser.close())
    expect(await purser.record({ ...call, id: 'c1' })).toMatchObject({ id: 'c1', seq: 0 })
    expect(between.lost()).toBe(1)
    expect(await server.purser.charge('c1')).toMatchObject({ id: 'c1' })
    expect(await purser.flush()).toEqual({ waiting: 0 })
    expect((await server.purser.costs()).total).toMatchObject({ calls: 1 })
  })
})

/** Something between a program and its server that hands requests on, and loses the first answers to those that book. */
async function losingAnswers(target: string, count: number): Promise<{ url: string; lost: () => number }> {
  let lost = 0
  const server = createServer((request, response) => {
    void (async () => {
      const answer = await fetch(target + request.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: await text(request),
      })
      const body = await answer.text()
      if (request.url?.endsWith('/transact') === true && lost < count) {
        lost += 1
        request.socket.destroy()
      } else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(body)
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, lost: () => lost }
}

/** A server that takes requests and hangs up on them. */
async function cutOff(): Promise<{ url: string }> {
  const server = createServer((request) => void request.once('readable', () => request.socket.destroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}
