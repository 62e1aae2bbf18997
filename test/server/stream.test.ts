import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Purser } from '../../src/purser.ts'
import { RunningServer } from './running-server.ts'

const call = { provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 200 } }

interface Message {
  readonly event: string
  readonly id: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Somebody who listens to a server, as a browser does. */
class Listening {
  readonly messages: Message[] = []
  lastId = ''
  hasEnded = false
  readonly #abort = new AbortController()

  static async to(server: RunningServer, { key, query = '', after }: { key?: string; query?: string; after?: string } = {}) {
    const listening = new Listening()
    onTestFinished(() => listening.stop())
    const response = await fetch(`${server.url}/api/v1/stream${query}`, {
      headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...(after !== undefined && { 'last-event-id': after }) },
      signal: listening.#abort.signal,
    })
    if (response.headers.get('content-type') !== 'text/event-stream; charset=utf-8') throw new Error(`It is refused: ${response.status}.`)
    void listening.#read(response)
    await listening.until(() => listening.lastId !== '')
    return listening
  }

  of(event: string): Message['data'][] {
    return this.messages.filter((message) => message.event === event).map(({ data }) => data)
  }

  until(holds: () => boolean): Promise<void> {
    const check = (): void => {
      if (!holds()) throw new Error(`Within a second there came only ${JSON.stringify(this.messages)}.`)
    }
    return vi.waitFor(check, { timeout: 1000, interval: 10 })
  }

  stop(): void {
    this.#abort.abort()
  }

  async #read({ body }: Response): Promise<void> {
    let rest = ''
    try {
      for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const blocks = (rest + chunk).split('\n\n')
        rest = blocks.pop() ?? ''
        for (const block of blocks) this.#take(block)
      }
    } catch {
      // It was stopped.
    }
    this.hasEnded = true
  }

  #take(block: string): void {
    const fields = Object.fromEntries(block.split('\n').map((line) => /^(\w*): ?(.*)$/.exec(line)?.slice(1) ?? [])) as Record<
      string,
      string
    >
    this.lastId = fields['id'] ?? this.lastId
    if (fields['data'] === undefined) return
    this.messages.push({ event: fields['event'] ?? '', id: this.lastId, data: JSON.parse(fields['data']) as Message['data'] })
  }
}

describe('the live stream', () => {
  test('sums what was booked, within a second of the end of a call', async () => {
    const server = await RunningServer.start()
    const stream = await Listening.to(server)
    await server.purser.recordAll([
      { ...call, labels: { project: 'atlas' } },
      { ...call, labels: { project: 'atlas' } },
      { ...call, labels: { project: 'film' } },
    ])
    await stream.until(() => stream.messages.length > 0)
    // 1,000 × $2.50/M + 200 × $10/M = $0.0045 each.
    expect(stream.of('charges')).toEqual([
      {
        calls: 3,
        costUsd: 0.0135,
        costNanos: '13500000',
        unpricedCalls: 0,
        rows: [
          { project: 'atlas', model: 'gpt-4o', calls: 2, costUsd: 0.009, costNanos: '9000000', unpricedCalls: 0 },
          { project: 'film', model: 'gpt-4o', calls: 1, costUsd: 0.0045, costNanos: '4500000', unpricedCalls: 0 },
        ],
      },
    ])
  })

  test('tells of budgets and runs, also where another process wrote it, and of what was asked for only', async () => {
    const server = await RunningServer.start()
    const other = await Purser.open({ db: server.purser.location })
    onTestFinished(() => other.close())
    const all = await Listening.to(server)
    const some = await Listening.to(server, { query: '?kinds=run.*,threshold.crossed&where=project=film' })
    await other.budgets.set('film', { limit: '0.01', window: 'day', each: ['project'] })
    await other.record({ ...call, labels: { project: 'atlas' } })
    // $0.009 of $0.01: 50 and 80 percent are passed, and the least is told of each.
    await other.recordAll([
      { ...call, labels: { project: 'film' } },
      { ...call, labels: { project: 'film' } },
    ])
    await other.run({ id: 'r1', project: 'film' }, () => 1)
    await some.until(() => some.of('run.completed').length === 1 && some.of('threshold.crossed').length > 0)
    await all.until(() => all.of('budget.changed').length === 1 && all.of('run.completed').length === 1)
    expect(some.of('charges')).toEqual([])
    expect(some.of('threshold.crossed').every(({ scope }) => (scope as { project: string }).project === 'film')).toBe(true)
    expect(all.of('charges').reduce((sum, { calls }) => sum + Number(calls), 0)).toBe(3)
  })

  test('goes on where it was left, and tells nothing twice', async () => {
    const server = await RunningServer.start()
    const first = await Listening.to(server)
    await server.purser.record({ ...call, id: 'a' })
    await first.until(() => first.of('charges').length === 1)
    first.stop()
    await server.purser.record({ ...call, id: 'b' })
    await server.purser.budgets.set('daily', { limit: '5', window: 'day' })
    const again = await Listening.to(server, { after: first.lastId })
    await server.purser.record({ ...call, id: 'c' })
    await again.until(() => again.of('charges').length === 2)
    expect(again.of('charges').map(({ calls }) => calls)).toEqual([1, 1])
    expect(again.of('budget.changed')).toHaveLength(1)
    const fresh = await Listening.to(server, { after: '0' })
    await fresh.until(() => fresh.of('charges').length === 1 && fresh.of('budget.changed').length === 1)
    expect(fresh.of('charges')).toMatchObject([{ calls: 3 }])
  })

  test('shows a member their own, live and of what was missed', async () => {
    const server = await RunningServer.start()
    const ada = await server.key('member', { user: '7' })
    await server.purser.record({ ...call, labels: { user: '8', project: 'secret' } })
    await server.purser.budgets.set('each', { limit: '0.005', window: 'day', each: ['user'], mode: 'soft' })
    for (const after of [undefined, '0']) {
      const stream = await Listening.to(server, { key: ada, ...(after !== undefined && { after }) })
      await server.purser.recordAll([
        { ...call, labels: { user: '8', project: 'secret' } },
        { ...call, labels: { user: '7' } },
      ])
      await stream.until(() => stream.of('charges').length > 0 && stream.of('threshold.crossed').length > 0)
      expect(stream.of('charges').every(({ rows }) => (rows as { project: unknown }[]).every(({ project }) => project === null))).toBe(true)
      expect(JSON.stringify(stream.messages)).not.toMatch(/secret|"user":"8"/)
      expect(stream.messages.filter(({ event }) => event.startsWith('key.') || event === 'budget.changed')).toEqual([])
      stream.stop()
    }
  })

  test('ends when the key is revoked, and when the server stops', async () => {
    const server = await RunningServer.start()
    const admin = await server.key('admin')
    const viewer = await server.key('viewer')
    const stays = await Listening.to(server, { key: admin })
    const ends = await Listening.to(server, { key: viewer })
    const key = (await server.purser.access.keys.list()).find(({ role }) => role === 'viewer')
    await server.purser.access.keys.revoke(key?.id ?? '')
    await ends.until(() => ends.hasEnded)
    expect(stays.hasEnded).toBe(false)
    await server.close()
    await stays.until(() => stays.hasEnded)
  })

  test('is refused to who may not see, and where what is asked is malformed', async () => {
    const server = await RunningServer.start()
    expect(await server.ask('GET', '/stream?where=film')).toMatchObject({ status: 400, body: { code: 'PURSER_BAD_ARGUMENT' } })
    expect(await server.ask('GET', '/stream?colour=red')).toMatchObject({ status: 400, body: { code: 'PURSER_BAD_ARGUMENT' } })
    expect(await server.ask('GET', '/stream', { headers: { 'last-event-id': 'x' } })).toMatchObject({ status: 400 })
    const ingest = await server.key('ingest')
    expect((await server.ask('GET', '/stream', { key: ingest })).status).toBe(403)
    expect((await server.ask('GET', '/stream')).status).toBe(401)
  })
})
