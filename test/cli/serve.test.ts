import { spawn } from 'node:child_process'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { configShowShape } from '../../src/json/config-shapes.ts'
import { costsShape } from '../../src/json/json-shapes.ts'
import { bin, newMachine, root, whenEnded } from './run-purser.ts'
import { askServer, startServing, startServingText } from './serving-machine.ts'

const call = { provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 200 } }

describe('purser serve', () => {
  test('serves the configured ledger on this machine, and tells where and how to try it', async () => {
    const machine = newMachine()
    machine.write('purser.yaml', 'db: spend.db\nbudgets: { daily: { limit: 0.005, window: day } }\n')
    const { said, stop } = await startServingText(machine)
    const [head = ''] = said.split('\n')
    expect(head).toMatch(new RegExp(`^purser serves ${join(machine.folder, 'spend.db')} at http://127\\.0\\.0\\.1:\\d+$`))
    const tried = /curl -s '(\S+)'/.exec(said)?.[1] ?? ''
    expect(costsShape.parse(await (await fetch(tried)).json()).total.calls).toBe(0)
    const url = new URL(tried).origin
    // 1,000 × $2.50/M + 200 × $10/M = $0.0045: 90 % of the day's $0.005.
    expect((await askServer({ url }, '/charges', { body: call })).status).toBe(201)
    const { code, err } = await stop('SIGINT')
    expect(code).toBe(0)
    expect(err).toContain('Budgets of')
    expect(err).toContain('Budget "daily" has reached 80 %')
    expect(err).toMatch(/info POST \/api\/v1\/charges 201 [\d.]+ ms owner/)
    expect((await machine.json(costsShape, ['costs'])).total.costNanos).toBe('4500000')
  })

  test('settings come from purser.yaml, over it from the environment, over that from the command line', async () => {
    const machine = newMachine()
    machine.write(
      'purser.yaml',
      'db: spend.db\nserver: { host: localhost, port: 1, cors_origins: [https://a.example], requests_per_minute: 2, body_limit_mb: 1, log_level: error }\n',
    )
    const shown = await machine.json(configShowShape, ['config', 'show'], { env: { PURSER_PORT: '2', PURSER_LOG_LEVEL: 'fatal' } })
    expect(shown.server).toEqual({
      host: 'localhost',
      port: 2,
      corsOrigins: ['https://a.example'],
      requestsPerMinute: 2,
      bodyLimitBytes: 1024 * 1024,
      logLevel: 'fatal',
    })
    // --port 0 wins over port 1, which this user may not have.
    const server = await startServing(machine, ['--cors', 'https://b.example'], { PURSER_REQUESTS_PER_MINUTE: '3' })
    const large = await askServer(server, '/charges', { body: { ...call, metadata: { text: 'x'.repeat(2 * 1024 * 1024) } } })
    expect(large.status).toBe(413)
    const asked = await askServer(server, '/costs', { headers: { origin: 'https://b.example' } })
    expect(asked.headers.get('access-control-allow-origin')).toBe('https://b.example')
    const other = await askServer(server, '/costs', { headers: { origin: 'https://a.example' } })
    expect(other.headers.get('access-control-allow-origin')).toBeNull()
    const statuses = [asked.status, other.status, (await askServer(server, '/costs')).status, (await askServer(server, '/costs')).status]
    expect(statuses).toContain(429)
    // Errors alone are logged.
    expect((await server.stop()).err).not.toContain('/api/v1/')
  })

  test.each([
    [['--port', '70000'], {}, 2, '--port is "70000"; it must be a whole number from 0 to 65535.'],
    [[], { PURSER_PORT: 'http' }, 2, 'PURSER_PORT is "http"; it must be a whole number from 0 to 65535.'],
    [[], { PURSER_LOG_LEVEL: 'loud' }, 2, 'PURSER_LOG_LEVEL is "loud"; it must be one of trace'],
    [['--cors', '*'], {}, 2, '--cors has "*"; write a site as browsers name it'],
    [['--host', '0.0.0.0', '--port', '0'], {}, 2, 'the ledger has no keys, so anybody could see and spend'],
    [['--host', '203.0.113.7', '--port', '0'], {}, 2, 'the ledger has no keys'],
  ])('%j %j is refused', async (args, env, code, said) => {
    const machine = newMachine()
    const ran = await machine.run(['serve', '--db', 'spend.db', ...args], { env })
    expect([ran.code, ran.out, ran.err.includes(said)]).toEqual([code, '', true])
  })

  test('a mistake in purser.yaml is told with its place', async () => {
    const machine = newMachine()
    machine.write('purser.yaml', 'db: spend.db\nserver:\n  port: 99999\n')
    expect(await machine.run(['serve'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/purser\.yaml:3:\d+: server\.port is "99999"/) as string,
    })
    machine.write('purser.yaml', 'db: spend.db\nserver:\n  hots: 127.0.0.1\n')
    expect((await machine.run(['serve'])).err).toContain('Did you mean "host"')
  })

  test('a port that is taken is told, and what to do', async () => {
    const taken = await listening()
    const { port } = taken.address() as AddressInfo
    const { code, err } = await newMachine().run(['serve', '--db', 'spend.db', '--port', String(port)])
    expect([code, err.includes(`cannot listen on 127.0.0.1:${port}: it is taken by another program`)]).toEqual([2, true])
  })

  test.skipIf(process.platform !== 'linux')('does not run on where it cannot say that it runs', async () => {
    const machine = newMachine()
    const command = `exec '${process.execPath}' '${bin}' serve --db spend.db --port 0 > /dev/full`
    const { code, err } = await whenEnded(spawn('sh', ['-c', command], { cwd: machine.folder, env: machine.env, stdio: 'pipe' }))
    expect([code, err.includes('The answer cannot be written')]).toEqual([4, true])
  })

  test('says that nothing is booked where tracking is off', async () => {
    const machine = newMachine()
    const server = await startServing(machine, ['--db', 'spend.db'], { COST_TRACKING_ENABLED: 'false' })
    expect((await server.stop()).err).toContain('nothing that is asked of this server is booked')
  })

  test('for others it asks for keys', async () => {
    const machine = newMachine()
    const key = (await machine.run(['keys', 'create', '--db', 'spend.db', '--name', 'admin', '--role', 'admin'])).out.trim()
    const server = await startServing(machine, ['--db', 'spend.db', '--host', '0.0.0.0'])
    const here = { url: server.url.replace('0.0.0.0', '127.0.0.1') }
    expect(server.told.hasKeys).toBe(true)
    expect([(await askServer(here, '/costs')).status, (await askServer(here, '/costs', { key })).status]).toEqual([401, 200])
    await server.stop()
  })
})

describe('the log of a server', () => {
  test.each([['--log-json'], ['text']])('holds no key, cookie, body or query: %s', async (how) => {
    const machine = newMachine()
    const created = await machine.run(['keys', 'create', '--db', 'spend.db', '--name', 'ci', '--role', 'admin'])
    const key = created.out.trim()
    const json = how === '--log-json'
    const options = ['--db', 'spend.db', '--log-level', 'trace']
    const server = json ? await startServing(machine, [...options, how]) : await startServingText(machine, options)
    await askServer(server, '/charges', { key, body: { ...call, labels: { project: 'hidden-body' } } })
    await askServer(server, '/charges', { key, body: '{"provider": "hidden-body' })
    await askServer(server, `/costs?key=${key}`, { headers: { cookie: 'purser_session=hidden-cookie' } })
    await askServer(server, '/costs', { key: 'purser_hidden-header' })
    const { err } = await server.stop()
    for (const secret of [key, key.slice(20), 'hidden-body', 'hidden-cookie', 'hidden-header']) expect(err).not.toContain(secret)
    expect(err).toContain('/api/v1/costs')
    const lines = err.trim().split('\n')
    if (!json) return expect(lines.find((line) => line.includes('/api/v1/charges 201'))).toMatch(/^\S+Z info POST .* key:ci$/)
    const logged = lines.map((line) => JSON.parse(line) as { res?: { status: number } })
    expect(logged.flatMap(({ res }) => (res === undefined ? [] : [res.status]))).toEqual([201, 400, expect.any(Number), 401])
  })
})

describe('a server that is told to stop', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('answers what is under way, and then ends: %s', async (signal) => {
    const machine = newMachine()
    const server = await startServing(machine, ['--db', 'spend.db'])
    const { asked, answered } = halfOfRequest(server.url)
    await setTimeout(200)
    server.child.kill(signal)
    await setTimeout(200)
    asked.end('"gpt-4o","usage":{"inputTokens":1000,"outputTokens":200}}')
    expect(await answered).toBe(201)
    expect((await server.ended).code).toBe(0)
    expect((await machine.json(costsShape, ['costs', '--db', 'spend.db'])).total.costNanos).toBe('4500000')
  })

  test('ends at once when told again', async () => {
    const machine = newMachine()
    const server = await startServing(machine, ['--db', 'spend.db'])
    const { answered } = halfOfRequest(server.url)
    answered.catch(() => undefined)
    await setTimeout(200)
    server.child.kill('SIGTERM')
    await setTimeout(700)
    const before = performance.now()
    expect((await server.stop('SIGTERM')).code).toBe(130)
    expect(performance.now() - before).toBeLessThan(2000)
    await expect(answered).rejects.toThrow('socket hang up')
  })

  test('has on disk whatever it acknowledged, under load and when killed', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const machine = newMachine()
      const server = await startServing(machine, ['--db', 'spend.db', '--log-level', 'warn'])
      const acknowledged = new Set<string>()
      const lanes = Array.from({ length: 8 }, async (_, lane) => {
        for (let n = 0; ; n += 1) {
          const id = `${lane}-${n}`
          const booked = await askServer(server, '/charges', { body: { ...call, id } }).catch(() => undefined)
          if (booked?.status !== 201) return
          acknowledged.add(id)
        }
      })
      await setTimeout(500)
      await server.stop(signal)
      await Promise.all(lanes)
      const { out } = await machine.run(['export', '--db', 'spend.db'])
      const kept = new Set(
        out
          .trim()
          .split('\n')
          .map((line) => (JSON.parse(line) as { id: string }).id),
      )
      expect(acknowledged.size).toBeGreaterThan(10)
      expect([...acknowledged].filter((id) => !kept.has(id))).toEqual([])
      expect((await machine.run(['verify', '--db', 'spend.db'])).code).toBe(0)
    }
  })
})

test.skipIf(process.platform !== 'linux')('--open-docs shows the reference in a browser', async () => {
  const machine = newMachine()
  const tools = join(machine.home, 'tools')
  mkdirSync(tools)
  writeFileSync(
    join(tools, 'xdg-open'),
    `#!/bin/sh\nprintf '%s' "$1" > '${join(machine.home, 'page.new')}'\nmv '${join(machine.home, 'page.new')}' '${join(machine.home, 'page')}'\n`,
  )
  chmodSync(join(tools, 'xdg-open'), 0o755)
  const server = await startServing(machine, ['--db', 'spend.db', '--open-docs'], { PATH: `${tools}:${machine.env['PATH']}` })
  const page = join(machine.home, 'page')
  for (let waited = 0; !existsSync(page) && waited < 100; waited += 1) await setTimeout(50)
  expect(readFileSync(page, 'utf8')).toBe(`${server.url}/docs`)
  await server.stop()
})

test.skipIf(process.platform === 'win32')('npm start serves a SQLite file on this machine, and Ctrl-C ends it well', async () => {
  const machine = newMachine()
  const env = { ...machine.env, PURSER_PORT: '0', XDG_DATA_HOME: join(machine.home, 'data') }
  // A group of its own, which hears a signal as a terminal's does: npm, and the server, to which npm passes it on.
  const child = spawn('npm', ['start', '--silent'], { cwd: root, env, stdio: 'pipe', detached: true })
  const ended = whenEnded(child)
  onTestFinished(() => void child.kill('SIGKILL'))
  const said = await new Promise<string>((resolve) => child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())))
  expect(said).toContain(`purser serves ${join(machine.home, 'data/purser/purser.db')} at http://127.0.0.1:`)
  expect((await fetch(/curl -s '(\S+)'/.exec(said)?.[1] ?? '')).status).toBe(200)
  process.kill(-(child.pid ?? 0), 'SIGINT')
  expect((await ended).err).toContain('Stopped: all requests are answered')
})

/** A request of which the rest is sent later. */
function halfOfRequest(url: string): { asked: ReturnType<typeof request>; answered: Promise<number | undefined> } {
  const asked = request(`${url}/api/v1/charges`, { method: 'POST', headers: { 'content-type': 'application/json' } })
  const answered = new Promise<number | undefined>((resolve, reject) => {
    asked.on('response', (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.on('error', reject)
  })
  asked.write('{"provider":"openai","model":')
  return { asked, answered }
}

async function listening(): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return server
}
