import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { withLabels, contextLabels } from '../src/facade/label-context.ts'
import { Purser } from '../src/purser.ts'
import { defineGateBudgets, gateLabels, inFlight } from './gate-scene.ts'
import { percentile, report } from './report.ts'

const single = 2000
const answersAfterMs = 5
const warmUp = 20_000
const many = Number(process.env['BENCH_CALLS'] ?? 1_000_000)
const nestings = 1_000_000

const body = { model: 'claude-sonnet-4-5-20250929', max_tokens: 1024, messages: [{ role: 'user', content: 'Say hello to the reader.' }] }
const bounded = { request: { provider: 'anthropic', api: 'messages', body } } as const

const usage = { provider: 'anthropic', model: body.model, usage: { inputTokens: 14, outputTokens: 6 } }

/** The answer of a provider: the same usage, under an id of its own. */
function answerOf(index: number): unknown {
  return {
    id: `msg_01Bench${String(index).padStart(12, '0')}`,
    type: 'message',
    model: body.model,
    content: [{ type: 'text', text: 'Hello, reader.' }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 14, output_tokens: 6, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
  }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const megabytes = (bytes: number): number => bytes / 1024 / 1024

const folder = mkdtempSync(join(tmpdir(), 'purser-bench-'))
/** A quick provider: what purser books of one call is on disk before the next one starts. */
const server = createServer((_, response) => void setTimeout(() => response.end(JSON.stringify(answerOf(served++))), answersAfterMs))
let served = 0
try {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const purser = await Purser.open({ db: join(folder, 'ledger.db') })
  await defineGateBudgets(purser)
  await inFlight(warmUp, 64, (index) => called(purser, index))
  const alone = await timed(single, () => post(port))
  const bare = await bareCommits(join(folder, 'bare.db'), () => post(port))
  const waits: number[] = []
  const around = await timed(single, async (index) => {
    let sent = 0
    const started = performance.now()
    let answered = 0
    await purser.call({ ...bounded, labels: gateLabels(index, 'http') }, async () => {
      sent = performance.now()
      const answer = await post(port)
      answered = performance.now()
      return answer
    })
    waits.push(sent - started + performance.now() - answered)
  })
  await purser.flush()
  const heap = await memory(purser)
  const nesting = nestingNanos()
  await purser.close()
  report('purser.call around a provider’s call that takes five milliseconds, five budgets', [
    {
      name: 'what the caller waits for purser, p50',
      ours: percentile(waits, 0.5),
      unit: 'ms',
      against: percentile(bare, 0.5),
      peer: 'a bare commit of one row, at that rhythm',
      goal: '≤ 0.5 ms',
      met: percentile(waits, 0.5) <= 0.5,
    },
    {
      name: 'what the caller waits for purser, p99',
      ours: percentile(waits, 0.99),
      unit: 'ms',
      against: percentile(bare, 0.99),
      peer: 'a bare commit of one row, at that rhythm',
    },
    {
      name: 'the call with purser, p50',
      ours: percentile(around, 0.5),
      unit: 'ms',
      against: percentile(alone, 0.5),
      peer: 'the call alone',
    },
    {
      name: 'the call with purser, p99',
      ours: percentile(around, 0.99),
      unit: 'ms',
      against: percentile(alone, 0.99),
      peer: 'the call alone',
    },
    { name: `calls, 64 in flight, of ${many.toLocaleString('en-US')}`, ours: heap.perSecond, unit: 'calls/s' },
    {
      name: `live heap after all of them`,
      ours: heap.after,
      unit: 'MB',
      against: heap.before,
      peer: 'after a tenth of them',
      goal: 'no more than 10 MB above',
      met: heap.after <= heap.before + 10,
    },
    { name: 'withLabels and back, three labels', ours: nesting / 1000, unit: 'µs', goal: '< 2 µs', met: nesting < 2000 },
  ])
} finally {
  server.close()
  rmSync(folder, { recursive: true })
}

async function called(purser: Purser, index: number, prefix = ''): Promise<void> {
  const labels = gateLabels(index, prefix)
  const answer = await purser.call({ labels, amount: { cost: '0.10', tokens: 20_000 }, read: () => usage }, async () => undefined)
  if (!answer.granted) throw new Error(answer.message)
}

/** Milliseconds that it takes to write one row durably, each after a call was answered. */
async function bareCommits(path: string, call: () => Promise<unknown>): Promise<number[]> {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT) STRICT')
  const put = database.prepare('INSERT INTO rows (body) VALUES (?)')
  const samples: number[] = []
  for (let index = 0; index < single; index += 1) {
    await call()
    const started = performance.now()
    database.exec('BEGIN IMMEDIATE')
    put.run(`row ${index}`)
    database.exec('COMMIT')
    samples.push(performance.now() - started)
  }
  database.close()
  return samples
}

async function timed(count: number, task: (index: number) => Promise<unknown>): Promise<number[]> {
  const samples: number[] = []
  for (let index = 0; index < count; index += 1) {
    const started = performance.now()
    await task(index)
    samples.push(performance.now() - started)
  }
  return samples
}

function post(port: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = request({ port, host: '127.0.0.1', method: 'POST', path: '/v1/messages' }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(JSON.parse(text)))
    })
    call.on('error', reject)
    call.end(JSON.stringify(body))
  })
}

function live(): number {
  collect()
  return megabytes(process.memoryUsage().heapUsed)
}

/** What lives on the heap after a tenth of the calls, and after all of them. */
async function memory(purser: Purser): Promise<{ before: number; after: number; perSecond: number }> {
  const started = performance.now()
  const tenth = Math.floor(many / 10)
  await inFlight(tenth, 64, (index) => called(purser, index, 'm'))
  await purser.flush()
  const before = live()
  await inFlight(many - tenth, 64, (index) => called(purser, tenth + index, 'm'))
  await purser.flush()
  return { before, after: live(), perSecond: many / ((performance.now() - started) / 1000) }
}

/** Nanoseconds of entering labels and asking for them. */
function nestingNanos(): number {
  const labels = { project: 'atlas', ticket: 'T-7', agent: 'builder' }
  let found = 0
  const round = (): void => {
    for (let index = 0; index < nestings; index += 1) found += withLabels(labels, () => (contextLabels() === undefined ? 0 : 1))
  }
  round()
  const started = performance.now()
  round()
  if (found !== 2 * nestings) throw new Error('Labels were lost.')
  return ((performance.now() - started) * 1e6) / nestings
}
