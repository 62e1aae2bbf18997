import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { gateLabels, inFlight } from './gate-scene.ts'
import { percentile, report } from './report.ts'

const batches = 600
const chargesPerBatch = 100
const pairs = 6000
const width = 64
const listeners = 200

/** Loads a server of its own process over loopback: bulk charges, pairs of holds, and the same with many listeners. */
const folder = mkdtempSync(join(tmpdir(), 'purser-bench-'))
const server = spawn(process.execPath, [join(import.meta.dirname, 'server-process.ts'), join(folder, 'ledger.db')], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const said = createInterface({ input: server.stdout })[Symbol.asyncIterator]()
const agent = new Agent({ keepAlive: true, maxSockets: width })
try {
  const url = new URL(String((await said.next()).value))
  await charge(url, 100, 'warm')
  const toldBack = await charge(url, batches, 'b')
  const perSecond = await charge(url, batches, 'm', { prefer: 'return=minimal' })
  await hold(url, 1000, 'warm')
  const alone = await hold(url, pairs, 'p')
  const ends = Array.from({ length: listeners }, () => listen(url))
  await new Promise((resolve) => setTimeout(resolve, 500))
  const listened = await hold(url, pairs, 'l')
  for (const end of ends) end()
  const most = await memory(server)
  const lost = 1 - listened.perSecond / alone.perSecond
  report('A server and its load on one machine, over loopback', [
    { name: 'charges in hundreds, answered with counts', ours: perSecond, unit: 'charges/s', goal: '≥ 30,000', met: perSecond >= 30_000 },
    { name: 'charges in hundreds, told back in full', ours: toldBack, unit: 'charges/s' },
    { name: 'reserve and settle, 64 in flight', ours: alone.perSecond, unit: 'pairs/s', goal: '≥ 3,000', met: alone.perSecond >= 3000 },
    { name: 'a request of them, p99', ours: alone.p99, unit: 'ms', goal: '< 50 ms', met: alone.p99 < 50 },
    { name: 'the pairs with 200 that listen', ours: listened.perSecond, unit: 'pairs/s', goal: 'at most 10 % less', met: lost < 0.1 },
    { name: 'memory of the server at most', ours: most, unit: 'MB', goal: '< 300 MB', met: most < 300 },
  ])
} finally {
  agent.destroy()
  if (server.exitCode === null) server.kill('SIGKILL')
  rmSync(folder, { recursive: true })
}

/** Charges a second. */
async function charge(url: URL, count: number, prefix: string, more: Readonly<Record<string, string>> = {}): Promise<number> {
  const started = performance.now()
  await inFlight(count, 8, async (batch) => {
    const body = Array.from({ length: chargesPerBatch }, (_, index) => chargeOf(batch * chargesPerBatch + index, prefix))
    await ask(url, '/charges', body, 201, more)
  })
  return (count * chargesPerBatch) / ((performance.now() - started) / 1000)
}

function chargeOf(index: number, prefix: string): object {
  const usage = { inputTokens: 500 + (index % 900), outputTokens: 100 + (index % 700) }
  return { id: `${prefix}-${index}`, provider: 'openai', model: 'gpt-4o', usage, labels: gateLabels(index, prefix) }
}

async function hold(url: URL, count: number, prefix: string): Promise<{ perSecond: number; p99: number }> {
  const times: number[] = []
  const timed = async (path: string, body: object, status: number): Promise<void> => {
    const started = performance.now()
    await ask(url, path, body, status)
    times.push(performance.now() - started)
  }
  const started = performance.now()
  await inFlight(count, width, async (index) => {
    const id = `${prefix}-hold-${index}`
    await timed('/holds', { id, labels: gateLabels(index, prefix), amount: { cost: '0.10', tokens: 20_000 } }, 201)
    await timed(`/holds/${id}/settle`, { provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 900, outputTokens: 200 } }, 200)
  })
  return { perSecond: count / ((performance.now() - started) / 1000), p99: percentile(times, 0.99) }
}

function ask(url: URL, path: string, body: unknown, expected: number, more: Readonly<Record<string, string>> = {}): Promise<void> {
  const text = JSON.stringify(body)
  const headers = { ...more, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  return new Promise((resolve, reject) => {
    const call = request({ agent, host: url.hostname, port: url.port, method: 'POST', path: `/api/v1${path}`, headers }, (response) => {
      let answer = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (answer += chunk))
      response.on('end', () => {
        if (response.statusCode === expected) resolve()
        else reject(new Error(`${path} answers ${response.statusCode}: ${answer.slice(0, 300)}`))
      })
    })
    call.on('error', reject)
    call.end(text)
  })
}

/** Listens to the live stream until it is ended. */
function listen(url: URL): () => void {
  const call = request({ host: url.hostname, port: url.port, path: '/api/v1/stream' }, (response) => response.resume())
  call.on('error', () => undefined)
  call.end()
  return () => call.destroy()
}

async function memory(process: ChildProcess): Promise<number> {
  process.kill('SIGTERM')
  const most = Number((await said.next()).value)
  if (process.exitCode === null) await once(process, 'exit')
  return most
}
