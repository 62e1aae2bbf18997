import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { costsShape } from '../../src/json/json-shapes.ts'
import { backupShape, restoreShape } from '../../src/json/operation-shapes.ts'
import { type Machine, newMachine } from './run-purser.ts'
import { askServer, startServing } from './serving-machine.ts'

const env = { PURSER_DB: 'spend.db' }
const call = { provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 200 } }

async function record(machine: Machine, id: string, db = 'spend.db'): Promise<void> {
  const { code } = await machine.run([
    'record',
    '--provider',
    'openai',
    '--model',
    'gpt-4o',
    '--usage',
    'inputTokens=1000',
    '--id',
    id,
    '--db',
    db,
  ])
  expect(code).toBe(0)
}

async function calls(machine: Machine, db = 'spend.db'): Promise<number> {
  return (await machine.json(costsShape, ['costs', '--db', db])).total.calls
}

/** The log of a ledger of some calls whose file is gone; gives its path. */
async function leftLog(machine: Machine, count: number): Promise<string> {
  for (let n = 0; n < count; n += 1) await record(machine, `old-${n}`, 'left.db')
  const path = join(machine.folder, 'left.db')
  // While it is open its log is not written into the file.
  const open = new DatabaseSync(path)
  open.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; INSERT INTO settings (key, value) VALUES ('left', 'over')")
  copyFileSync(`${path}-wal`, join(machine.folder, 'log'))
  open.close()
  rmSync(path)
  renameSync(join(machine.folder, 'log'), `${path}-wal`)
  return `${path}-wal`
}

describe('backup', () => {
  test('of a ledger that is written meanwhile is one whole moment of it', async () => {
    const machine = newMachine()
    const server = await startServing(machine, ['--log-level', 'warn'], env)
    const load = { isOver: false, booked: 0 }
    const writing = (async () => {
      for (let n = 0; !load.isOver; n += 1) {
        const batch = Array.from({ length: 200 }, (_, index) => ({ ...call, id: `${n}-${index}`, labels: { project: `p${index % 5}` } }))
        if ((await askServer(server, '/charges', { body: batch })).status === 201) load.booked += 200
      }
    })()
    for (let waited = 0; load.booked < 2000 && waited < 200; waited += 1) await setTimeout(25)
    const before = load.booked
    const copy = await machine.json(backupShape, ['backup', 'copy.db'], { env })
    const after = load.booked
    load.isOver = true
    await writing
    // Whole batches, as many as were booked at one moment within.
    const copied = copy.verified?.charges ?? 0
    expect([copied >= before, copied <= after + 200, copied % 200, after > before]).toEqual([true, true, 0, true])
    expect(await calls(machine, 'copy.db')).toBe(copied)
    expect((await machine.run(['verify', '--db', 'copy.db'])).code).toBe(0)
    await server.stop()
  })

  test('is one file, for its owner alone, and nothing of it is left where it fails', async () => {
    const machine = newMachine()
    await record(machine, 'a')
    const { out } = await machine.run(['backup', 'copy.db'], { env })
    expect(out).toMatch(/copy\.db is a copy of .*spend\.db: 1\d\d kB; 1 charge and \d+ sums agree\.\n$/)
    expect(statSync(join(machine.folder, 'copy.db')).mode & 0o777).toBe(0o600)
    // A sum that the charges do not say.
    const behind = new DatabaseSync(join(machine.folder, 'spend.db'))
    behind.exec('UPDATE days SET calls = calls + 1')
    behind.close()
    const failed = await machine.run(['backup', 'second.db'], { env })
    expect([failed.code, failed.err.includes('`purser verify --repair`')]).toEqual([4, true])
    expect(readdirSync(machine.folder).filter((name) => /second|partial|copy\.db-/.test(name))).toEqual([])
    expect((await machine.json(backupShape, ['backup', 'second.db', '--no-verify'], { env })).verified).toBeNull()
  })

  test('takes no log into it that was left beside its name', async () => {
    const machine = newMachine()
    await record(machine, 'a')
    const left = await leftLog(machine, 3)
    const refused = await machine.run(['backup', 'left.db'], { env })
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('left.db-wal exists and was left as it is') as string])
    expect(readFileSync(left)).not.toHaveLength(0)
    await machine.json(backupShape, ['backup', 'left.db', '--force'], { env })
    expect(await calls(machine, 'left.db')).toBe(1)
  })

  test('replaces nothing unasked, and never the ledger itself', async () => {
    const machine = newMachine()
    await record(machine, 'a')
    machine.write('notes.txt', 'mine')
    const refused = await machine.run(['backup', 'notes.txt'], { env })
    expect([refused.code, refused.err.includes('--force replaces it')]).toEqual([2, true])
    expect(readFileSync(join(machine.folder, 'notes.txt'), 'utf8')).toBe('mine')
    const itself = await machine.run(['backup', './spend.db', '--force'], { env })
    expect([itself.code, itself.err.includes('is the ledger itself')]).toEqual([2, true])
    expect((await machine.run(['backup', 'notes.txt', '--force'], { env })).code).toBe(0)
    expect(await calls(machine, 'notes.txt')).toBe(1)
  })

  test.each([
    [['backup', 'x.db', '--db', 'gone.db'], 'There is no ledger at'],
    [['backup', 'no/such/folder/x.db', '--db', 'spend.db'], 'cannot be written'],
    [['backup', 'x.db', '--db', 'notes.txt'], 'is not a ledger'],
  ])('%j is refused', async (args, said) => {
    const machine = newMachine()
    await record(machine, 'a')
    machine.write('notes.txt', 'no ledger, but text that is long enough to be read as a header of a file'.repeat(20))
    const { code, err } = await machine.run(args)
    expect([code === 0, /damaged or not a ledger/.test(err) || err.includes(said)]).toEqual([false, true])
  })

  test('of a database names the command that makes one, without its password', async () => {
    const db = 'postgres://ada:secret@db.example/spend?schema=team'
    const { code, err } = await newMachine().run(['backup', 'x.dump', '--db', db])
    expect(code).toBe(2)
    expect(err).toContain("pg_dump --format=custom --schema=team --file=x.dump 'postgres://ada@db.example/spend'")
    expect(err).not.toContain('secret')
    const restored = await newMachine().run(['restore', 'x.dump', '--db', db])
    expect([
      restored.code,
      restored.err.includes("pg_restore --clean --if-exists --dbname='postgres://ada@db.example/spend' x.dump"),
    ]).toEqual([2, true])
  })
})

describe('restore', () => {
  test('takes no log into it that was left of a ledger that is gone', async () => {
    const machine = newMachine()
    await record(machine, 'a')
    await machine.run(['backup', 'copy.db'], { env })
    await leftLog(machine, 3)
    const { kept } = await machine.json(restoreShape, ['restore', 'copy.db', '--to', 'left.db'], { env })
    expect(kept).toMatch(/left\.db\.before-/)
    expect(existsSync(`${kept}-wal`)).toBe(true)
    expect(await calls(machine, 'left.db')).toBe(1)
  })

  test('makes a backup the ledger again, and keeps the one that was there', async () => {
    const machine = newMachine()
    await record(machine, 'a')
    await machine.run(['backup', 'copy.db'], { env })
    await record(machine, 'b')
    const refused = await machine.run(['restore', 'copy.db'], { env })
    expect([refused.code, refused.err.includes('is a ledger with charges, and was left as it is')]).toEqual([2, true])
    expect(await calls(machine)).toBe(2)
    const { kept } = await machine.json(restoreShape, ['restore', 'copy.db', '--force'], { env })
    expect([await calls(machine), await calls(machine, kept ?? '')]).toEqual([1, 2])
    await record(machine, 'c')
    expect(await calls(machine)).toBe(2)
    expect(await calls(machine, 'copy.db')).toBe(1)
  })

  test('to another place, and where there is none yet', async () => {
    const machine = newMachine()
    await record(machine, 'a')
    await machine.run(['backup', 'copy.db'], { env })
    expect(await machine.json(restoreShape, ['restore', 'copy.db', '--to', 'other.db'], { env })).toMatchObject({
      ledger: join(machine.folder, 'other.db'),
      kept: null,
      verified: { charges: 1 },
    })
    expect(await calls(machine, 'other.db')).toBe(1)
  })

  test('in the place of one that is damaged only when that is said', async () => {
    const machine = newMachine()
    await record(machine, 'a')
    await machine.run(['backup', 'copy.db'], { env })
    writeFileSync(join(machine.folder, 'spend.db'), Buffer.alloc(8192, 0xa5))
    const refused = await machine.run(['restore', 'copy.db'], { env })
    expect([refused.code, refused.err.includes('damaged or not a ledger')]).toEqual([4, true])
    expect((await machine.run(['restore', 'copy.db', '--force'], { env })).code).toBe(0)
    expect(await calls(machine)).toBe(1)
  })

  test('not while a server has the ledger open', async () => {
    const machine = newMachine()
    await record(machine, 'a')
    await machine.run(['backup', 'copy.db'], { env })
    const server = await startServing(machine, [], env)
    const refused = await machine.run(['restore', 'copy.db', '--force'], { env })
    expect([refused.code, refused.err.includes('is open in another process')]).toEqual([4, true])
    expect((await askServer(server, '/charges', { body: call })).status).toBe(201)
    await server.stop()
    expect(await calls(machine)).toBe(2)
    expect(readdirSync(machine.folder).filter((name) => /partial|before/.test(name))).toEqual([])
  })

  test('of what is no ledger changes nothing', async () => {
    const machine = newMachine()
    await record(machine, 'a')
    const other = new DatabaseSync(join(machine.folder, 'notes.db'))
    other.exec('CREATE TABLE notes (text TEXT)')
    other.close()
    for (const file of ['notes.db', 'gone.db', 'spend.db']) {
      expect((await machine.run(['restore', file, '--force'], { env })).code).not.toBe(0)
    }
    expect(await calls(machine)).toBe(1)
    expect(existsSync(join(machine.folder, 'gone.db'))).toBe(false)
  })
})
