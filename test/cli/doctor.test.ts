import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { doctorShape } from '../../src/json/operation-shapes.ts'
import { schemaVersion } from '../../src/stores/sqlite/schema.ts'
import { type Machine, newMachine } from './run-purser.ts'

const db = ['--db', 'spend.db']

/** What the doctor says of one thing, and its exit code. */
async function examined(machine: Machine, check: string, env: Record<string, string> = {}): Promise<unknown> {
  const { code, out } = await machine.run(['doctor', '--json', ...db], { env })
  const { ok, checks } = doctorShape.parse(JSON.parse(out))
  expect(ok).toBe(code === 0)
  return [code, ...checks.filter((each) => each.check === check).map(({ status, message }) => [status, message])]
}

async function record(machine: Machine, ...more: string[]): Promise<void> {
  const { code } = await machine.run(['record', '--provider', 'openai', '--model', 'gpt-4o', '--usage', 'inputTokens=1', ...db, ...more])
  expect(code).toBe(0)
}

function says(text: string): unknown {
  return expect.stringContaining(text)
}

test('a ledger that is fine has a line for each thing that was looked at, and is not changed', async () => {
  const machine = newMachine()
  await record(machine)
  const { code, out, err } = await machine.run(['doctor', ...db])
  const lines = out.trim().split('\n')
  expect([code, err]).toEqual([0, ''])
  expect(lines.map((line) => line.slice(0, 4).trim())).toEqual(lines.map(() => 'ok'))
  const looked = ['node', 'configuration', 'ledger', 'disk', 'file', 'journals', 'clock', 'holds', 'unpriced', 'prices', 'access']
  expect(lines.map((line) => line.split(/ +/)[1])).toEqual(looked)
})

test('where there is no ledger it says so, and makes none', async () => {
  const machine = newMachine()
  expect(await examined(machine, 'ledger')).toEqual([0, ['warn', says('There is none yet at')]])
  expect(readdirSync(machine.folder)).toEqual([])
})

test('a configuration that is wrong is told with its place', async () => {
  const machine = newMachine()
  machine.write('purser.yaml', 'server: { port: high }\n')
  expect(await examined(machine, 'configuration')).toEqual([1, ['fail', says('server.port is "high"')]])
  machine.write('purser.yaml', 'timezone: Mars/Base\n')
  expect(await examined(machine, 'configuration')).toEqual([1, ['fail', says('purser.yaml:1:')]])
})

test('a ledger that is damaged, or of a newer purser, fails', async () => {
  const machine = newMachine()
  await record(machine)
  const behind = new DatabaseSync(join(machine.folder, 'spend.db'))
  behind.exec(`PRAGMA user_version = ${schemaVersion + 1}`)
  behind.close()
  expect(await examined(machine, 'ledger')).toEqual([1, ['fail', says(`has schema ${schemaVersion + 1}`)]])
  writeFileSync(join(machine.folder, 'spend.db'), Buffer.alloc(8192, 0xa5))
  expect(await examined(machine, 'ledger')).toEqual([1, ['fail', says('damaged or not a ledger')]])
})

test('calls without a price are named', async () => {
  const machine = newMachine()
  await machine.run(['record', '--provider', 'acme', '--model', 'zeta', '--usage', 'inputTokens=5', ...db])
  await machine.run(['record', '--provider', 'acme', '--model', 'zeta', '--usage', 'inputTokens=6', ...db])
  expect(await examined(machine, 'unpriced')).toEqual([0, ['warn', says('acme/zeta (2 calls)')]])
})

test('a call of the future tells of a clock that is wrong', async () => {
  const machine = newMachine()
  await record(machine, '--at', new Date(Date.now() + 3_600_000).toISOString(), '--id', 'late')
  expect(await examined(machine, 'clock')).toEqual([0, ['warn', says('The charge late is of')]])
})

test('holds that are presumed spent are counted', async () => {
  const machine = newMachine()
  await machine.run(['hold', 'reserve', '--amount', '0.10', '--id', 'h1', '--ttl', '1s', ...db])
  await setTimeout(1100)
  // Whoever books next finds that it ran out.
  await machine.run(['hold', 'list', ...db])
  expect(await examined(machine, 'holds')).toEqual([0, ['warn', says('1 hold is presumed spent, the oldest h1 of $0.10')]])
})

test('charges that wait in a journal are counted, and left where they are', async () => {
  const machine = newMachine()
  await record(machine)
  const folder = join(machine.folder, 'spend.db-unbooked')
  mkdirSync(folder)
  const name = '1-1-0-00000000-0000-4000-8000-000000000000.jsonl'
  const waiting = {
    hold: 'h1',
    input: { id: 'c1', at: Date.now(), provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1 }, labels: {} },
    ignore: [],
    settling: 'final',
    isMeasured: true,
  }
  writeFileSync(join(folder, name), `${JSON.stringify(waiting)}\n`)
  writeFileSync(join(folder, `${name}.unreadable`), 'x\n')
  expect(await examined(machine, 'journals')).toEqual([
    0,
    ['warn', says('1 charge waits in')],
    ['warn', says('has lines that are no charges')],
  ])
  expect(readdirSync(folder)).toContain(name)
})

test('prices that their owner looked up long ago are named once', async () => {
  const machine = newMachine()
  machine.write(
    'purser.yaml',
    'db: spend.db\npricing:\n  last_updated: 2025-01-01\n  models:\n    z: { provider: acme, input_per_million: 1, output_per_million: 1 }\n',
  )
  await machine.run(['record', '--provider', 'acme', '--model', 'z', '--usage', 'inputTokens=1'])
  const { out, err } = await machine.run(['doctor'])
  expect(err).toBe('')
  expect(out.match(/2025-01-01/g)).toHaveLength(1)
  expect(await examined(machine, 'prices')).toEqual([0, ['warn', says('The prices of z were last checked on 2025-01-01')]])
})

test('a server for others without keys fails, and keys that open nothing are named', async () => {
  const machine = newMachine()
  await record(machine)
  expect(await examined(machine, 'access', { PURSER_HOST: '0.0.0.0' })).toEqual([
    1,
    ['fail', says('where others reach it, and there is no key')],
  ])
  await machine.run(['members', 'set', '7', ...db])
  await machine.run(['keys', 'create', '--name', 'ada', '--member', '7', ...db])
  await machine.run(['members', 'remove', '7', ...db])
  expect(await examined(machine, 'access', { PURSER_HOST: '0.0.0.0' })).toEqual([
    0,
    ['warn', says('Keys of members that are gone, which open nothing: ada')],
    ['warn', says('No key may manage')],
  ])
})

test.skipIf(process.platform === 'win32')('a ledger that others may read is told of', async () => {
  const machine = newMachine()
  await record(machine)
  chmodSync(join(machine.folder, 'spend.db'), 0o644)
  expect(await examined(machine, 'file')).toEqual([0, ['warn', says('(mode 644)')]])
})
