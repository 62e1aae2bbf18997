import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Purser } from '../../src/purser.ts'
import { acmeCards } from '../ledger/acme-cards.ts'
import { openBehind, openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { connect, emptySchema } from './postgres-database.ts'

/** A ledger with a budget of $5 a day, of which $1.50 is spent and $2 held. */
async function fill(purser: Purser): Promise<void> {
  await purser.budgets.set('daily', { limit: 5, window: 'day' })
  await purser.record({ id: 'c1', provider: 'acme', model: 'big', costUsd: '1.50', labels: { project: 'atlas' } })
  await purser.holds.reserve({ id: 'h1', amount: { cost: 2 }, labels: { project: 'atlas' } })
}

async function open(db: string, more: Partial<Parameters<typeof Purser.open>[0]> = {}): Promise<Purser> {
  const purser = await Purser.open({ db, ownerCards: acmeCards, ...more })
  onTestFinished(() => purser.close())
  return purser
}

/** All that can be asked of a ledger is answered. */
async function expectAnswers(purser: Purser): Promise<void> {
  expect(purser.isReadOnly).toBe(true)
  expect((await purser.costs({ groupBy: ['project'] })).rows).toMatchObject([{ key: ['atlas'], costNanos: 1_500_000_000n }])
  expect(await purser.budgets.status()).toMatchObject([{ budget: 'daily', spent: 1_500_000_000n, held: 2_000_000_000n }])
  expect(await purser.budgets.list()).toMatchObject([{ budget: { name: 'daily' } }])
  expect(await purser.budgets.history()).toMatchObject([{ budget: 'daily', author: 'sdk' }])
  expect(await purser.holds.list()).toMatchObject([{ id: 'h1', state: 'open' }])
  expect(await purser.holds.list('daily')).toMatchObject([{ id: 'h1' }])
  expect(await purser.holds.get('h1')).toMatchObject({ id: 'h1', labels: { project: 'atlas' } })
  const why = await purser.holds.why({ amount: { cost: 2 }, labels: { project: 'atlas' } })
  expect(why).toMatchObject({ decision: { granted: false, kind: 'contended' }, holders: [{ id: 'h1' }], budgets: [{ budget: 'daily' }] })
  expect(await purser.holds.why({ amount: { cost: 1 } })).toMatchObject({ decision: { granted: true } })
  expect(await purser.charge('c1')).toMatchObject({ costNanos: 1_500_000_000n })
  expect((await Array.fromAsync(purser.charges())).map(({ id }) => id as string)).toEqual(['c1'])
  expect(await purser.imports()).toEqual([])
  expect(await purser.verify({ repair: false })).toMatchObject({ charges: 1, discrepancies: [] })
}

/** All that would write is refused, and says what to do. */
async function expectRefusals(purser: Purser): Promise<void> {
  const writes: readonly (() => Promise<unknown>)[] = [
    () => purser.record({ provider: 'acme', model: 'big', costUsd: 1 }),
    () => purser.recordMany([{ provider: 'acme', model: 'big', costUsd: 1 }]),
    () => purser.holds.reserve({ amount: { cost: 1 } }),
    () => purser.holds.split('h1', { amount: { cost: 1 } }),
    () => purser.holds.settle('h1', { costUsd: 1 }),
    () => purser.holds.release('h1'),
    () => purser.holds.extend('h1', 1000),
    () => purser.budgets.set('daily', { limit: 6, window: 'day' }),
    () => purser.budgets.remove('daily'),
    () => purser.refreshCatalog([], 'prices.json'),
    () => purser.verify({ repair: true }),
  ]
  for (const write of writes) {
    await expect(write()).rejects.toMatchObject({
      code: 'PURSER_LEDGER_READ_ONLY',
      message: expect.stringMatching(/Open it without readOnly/) as string,
    })
  }
}

describe('a ledger file that is opened for reading', () => {
  test('answers everything, also what another process writes meanwhile, and is not written', async () => {
    const writer = await openTemporaryLedger()
    await fill(writer)
    const reader = await open(writer.location, { readOnly: true })
    expect(reader.warnings).toEqual([])
    await expectAnswers(reader)
    await expectRefusals(reader)
    await writer.record({ id: 'c2', provider: 'acme', model: 'big', costUsd: '0.25', labels: { project: 'web' } })
    expect((await reader.costs()).total.costNanos).toBe(1_750_000_000n)
    expect(await reader.budgets.status()).toMatchObject([{ spent: 1_750_000_000n }])
  })

  test('is left byte for byte as it is', async () => {
    const writer = await openTemporaryLedger()
    await fill(writer)
    await writer.close()
    const before = readFileSync(writer.location)
    const reader = await open(writer.location, { readOnly: true })
    await expectAnswers(reader)
    await reader.close()
    expect(readFileSync(writer.location).equals(before)).toBe(true)
  })

  test('shows as presumed what ran out, and leaves it to a writer to write that down', async () => {
    const writer = await openTemporaryLedger()
    await writer.budgets.set('daily', { limit: 5, window: 'day' })
    await writer.holds.reserve({ id: 'h1', amount: { cost: 2 }, ttlMs: 20 })
    await new Promise((resolve) => setTimeout(resolve, 40))
    const reader = await open(writer.location, { readOnly: true })
    expect(await reader.budgets.status()).toMatchObject([{ held: 0n, presumed: 2_000_000_000n }])
    expect(await reader.holds.list()).toMatchObject([{ id: 'h1', state: 'presumed' }])
    expect(openBehind(writer.location).prepare('SELECT state FROM holds').get()).toEqual({ state: 0 })
    expect(await writer.budgets.status()).toMatchObject([{ held: 0n, presumed: 2_000_000_000n }])
    expect(openBehind(writer.location).prepare('SELECT state FROM holds').get()).toEqual({ state: 1 })
  })

  test('must be there, and is not made', async () => {
    const { location } = await openTemporaryLedger()
    await expect(open(`${location}.none`, { readOnly: true })).rejects.toMatchObject({ code: 'PURSER_NOT_FOUND' })
    expect(existsSync(`${location}.none`)).toBe(false)
  })

  test('must be brought up to date by one that may write', async () => {
    const writer = await openTemporaryLedger()
    await writer.close()
    const behind = openBehind(writer.location)
    behind.exec('PRAGMA user_version = 1')
    behind.close()
    await expect(open(writer.location, { readOnly: true })).rejects.toMatchObject({
      code: 'PURSER_LEDGER_READ_ONLY',
      message: expect.stringMatching(/older purser .*Open it once where it may be written/) as string,
    })
  })
})

/** Makes files, or a folder, such that not even root may write them; false where the file system cannot. */
function makeImmutable(...paths: readonly string[]): boolean {
  try {
    for (const path of paths) execFileSync('chattr', ['+i', path], { stdio: 'ignore' })
  } catch {
    return false
  }
  onTestFinished(() => void execFileSync('chattr', ['-i', ...paths]))
  return true
}

const cannot = 'files cannot be made immutable here'

describe('a ledger file that this user may not write', () => {
  test('is opened for reading by itself: the file', async ({ skip }) => {
    const writer = await openTemporaryLedger()
    await fill(writer)
    await writer.close()
    skip(!makeImmutable(writer.location), cannot)
    const reader = await open(writer.location)
    await expectAnswers(reader)
    await expectRefusals(reader)
  })

  test('is opened for reading by itself: its folder, and it says that it may not be the latest', async ({ skip }) => {
    const writer = await openTemporaryLedger()
    await fill(writer)
    await writer.close()
    expect(readdirSync(dirname(writer.location))).toEqual(['ledger.db'])
    skip(!makeImmutable(dirname(writer.location), writer.location), cannot)
    const reader = await open(writer.location)
    expect(reader.warnings).toEqual([expect.stringMatching(/is read as it is on the disk, because its folder cannot be written/)])
    await expectAnswers(reader)
    await expectRefusals(reader)
  })

  test('with a log beside it that nobody may share says what is missing', async ({ skip }) => {
    const writer = await openTemporaryLedger()
    await fill(writer)
    const { location } = writer
    // As a copy of a ledger that was in use lies on a read-only disk: the file and its log, and nothing that is shared.
    const copy = await openTemporaryLedger()
    await copy.close()
    execFileSync('cp', [location, copy.location])
    execFileSync('cp', [`${location}-wal`, `${copy.location}-wal`])
    skip(!makeImmutable(dirname(copy.location), copy.location), cannot)
    const reader = await open(copy.location)
    expect(reader.warnings).toEqual([expect.stringMatching(/What lies in the log beside it is not among them/)])
    // All of this young ledger is in its log still.
    expect((await reader.costs()).total.calls).toBe(0)
  })

  test('is opened for reading by itself: by its mode', async ({ skip }) => {
    skip(process.getuid?.() === 0, 'root may write whatever the mode says')
    const writer = await openTemporaryLedger()
    await fill(writer)
    await writer.close()
    chmodSync(writer.location, 0o444)
    await expectAnswers(await open(writer.location))
  })
})

test('a ledger on Postgres that is opened for reading answers everything, also to a role that may only read', async () => {
  const place = await emptySchema()
  const url = new URL(place.url)
  url.searchParams.set('schema', place.schema)
  const writer = await open(url.href)
  await fill(writer)
  const reader = await open(url.href, { readOnly: true })
  await expectAnswers(reader)
  await expectRefusals(reader)
  const admin = await connect(place.url)
  const role = `reader_${place.schema}_${process.pid}`
  await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`)
  onTestFinished(async () => {
    await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  })
  await admin.query(
    `GRANT USAGE ON SCHEMA ${place.schema} TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA ${place.schema} TO ${role}; GRANT SELECT ON ALL SEQUENCES IN SCHEMA ${place.schema} TO ${role}`,
  )
  url.username = role
  url.password = 'secret'
  await expectAnswers(await open(url.href, { readOnly: true }))
})
