import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openBehind, openTemporaryLedger, temporaryFolder } from '../../../test/ledger/temporary-ledger.ts'
import type { Purser } from '../../purser.ts'

/** A ledger that gives up at once where its file is locked, and what it warned of. */
async function openImpatient(db = join(temporaryFolder(), 'ledger.db')): Promise<{ purser: Purser; db: string; warnings: string[] }> {
  const warnings: string[] = []
  const purser = await openTemporaryLedger({ db, patienceMs: 50, onWarning: (message) => warnings.push(message) })
  return { purser, db, warnings }
}

const paid = { amount: { cost: '0.10' }, labels: { ticket: 'T-1' }, read: () => ({ provider: 'acme', model: 'big', costUsd: '0.08' }) }

async function counters(purser: Purser): Promise<[bigint, bigint, bigint]> {
  const [row] = await purser.budgets.status()
  return [row?.spent ?? -1n, row?.held ?? -1n, row?.presumed ?? -1n]
}

describe('a charge that the ledger cannot take', () => {
  test('waits in the journal while the caller has its answer, and is booked later, once', async () => {
    const { purser, db, warnings } = await openImpatient()
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    const other = openBehind(db)
    const called = await purser.call(paid, async () => {
      other.exec('BEGIN IMMEDIATE')
      return 'the answer'
    })
    if (!called.granted) return expect.fail(called.message)
    expect(called.answer).toBe('the answer')
    expect((await called.booked).outcome).toBe('journaled')
    expect(await purser.flush()).toEqual({ waiting: 1 })
    const folder = `${db}-unbooked`
    const [name = ''] = readdirSync(folder)
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(folder, name), 'utf8').trim().split('\n')).toHaveLength(1)
    expect(warnings[0]).toContain('A call was made and its charge could not be booked')
    other.exec('ROLLBACK')
    expect(await purser.flush()).toEqual({ waiting: 0 })
    expect(await purser.flush()).toEqual({ waiting: 0 })
    // $0.08 of the $0.10 that was held; the rest is free.
    expect(await counters(purser)).toEqual([80_000_000n, 0n, 0n])
    expect((await Array.fromAsync(purser.charges())).map(({ labels, hold }) => ({ labels, hold }))).toEqual([
      { labels: { ticket: 'T-1' }, hold: called.hold },
    ])
    expect(readdirSync(folder)).toEqual([])
  })

  test('of a process that has died is booked by the next one that opens the ledger', async () => {
    const { purser, db } = await openImpatient()
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    const other = openBehind(db)
    const called = await purser.call(paid, async () => other.exec('BEGIN IMMEDIATE'))
    if (!called.granted) return expect.fail(called.message)
    expect((await called.booked).outcome).toBe('journaled')
    other.exec('ROLLBACK')
    const folder = `${db}-unbooked`
    const [name = ''] = readdirSync(folder)
    const text = readFileSync(join(folder, name), 'utf8')
    await purser.flush()
    expect(await counters(purser)).toEqual([80_000_000n, 0n, 0n])
    // What a dead process left: the same charge, which is booked already, another one, and a line that was cut short.
    const { pid } = spawnSync(process.execPath, ['-e', '0'])
    const second = text.replaceAll(called.hold ?? '', 'never-granted').replace('"hold:never-granted"', '"hold:second"')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${pid}-1-00000000-0000-0000-0000-000000000000.jsonl`), `${text}${second}{"hold":"cut`)
    const { purser: next } = await openImpatient(db)
    expect(await next.flush()).toEqual({ waiting: 0 })
    expect((await Array.fromAsync(next.charges())).map(({ id }) => id as string)).toEqual([`hold:${called.hold}`, 'hold:second'])
    expect(readdirSync(folder)).toEqual([])
    expect((await next.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('is left to a process that lives', async () => {
    const { db } = await openImpatient()
    const folder = `${db}-unbooked`
    mkdirSync(folder)
    const name = `${process.ppid}--00000000-0000-0000-0000-000000000000.jsonl`
    writeFileSync(join(folder, name), '')
    await openImpatient(db)
    expect(existsSync(join(folder, name))).toBe(true)
  })

  test('whose hold was given back meanwhile is booked without it', async () => {
    const { purser, db } = await openImpatient()
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    const other = openBehind(db)
    const called = await purser.call(paid, async () => other.exec('BEGIN IMMEDIATE'))
    if (!called.granted) return expect.fail(called.message)
    await called.booked
    other.exec('ROLLBACK')
    await purser.holds.release(called.hold ?? '')
    expect(await purser.flush()).toEqual({ waiting: 0 })
    expect(await counters(purser)).toEqual([80_000_000n, 0n, 0n])
    expect((await purser.costs()).total.calls).toBe(1)
  })

  test('is booked by a ledger that the same process opens later, and not by one beside it', async () => {
    const { purser, db, warnings } = await openImpatient()
    const other = openBehind(db)
    const called = await purser.call(paid, async () => other.exec('BEGIN IMMEDIATE'))
    if (!called.granted) return expect.fail(called.message)
    expect((await called.booked).outcome).toBe('journaled')
    const folder = `${db}-unbooked`
    const [name = ''] = readdirSync(folder)
    const reading = await openTemporaryLedger({ db, readOnly: true })
    expect(readdirSync(folder)).toEqual([name])
    await reading.close()
    await purser.close()
    expect(warnings.at(-1)).toContain(`1 charge waits in ${join(realpathSync(folder), name)}`)
    other.exec('ROLLBACK')
    const { purser: next } = await openImpatient(db)
    expect(await next.flush()).toEqual({ waiting: 0 })
    expect((await Array.fromAsync(next.charges())).map(({ id }) => id as string)).toEqual([`hold:${called.hold}`])
    expect(readdirSync(folder)).toEqual([])
  })

  test('because that was closed before the answer came is booked when it is opened again', async () => {
    const { purser, db } = await openImpatient()
    const answer = Promise.withResolvers<string>()
    const sent = Promise.withResolvers<void>()
    const calling = purser.call(paid, () => {
      sent.resolve()
      return answer.promise
    })
    await sent.promise
    await purser.close()
    answer.resolve('late')
    const called = await calling
    if (!called.granted) return expect.fail(called.message)
    expect((await called.booked).outcome).toBe('journaled')
    const { purser: next } = await openImpatient(db)
    expect(await next.flush()).toEqual({ waiting: 0 })
    expect((await Array.fromAsync(next.charges())).map(({ id }) => id as string)).toEqual([`hold:${called.hold}`])
    expect(readdirSync(`${db}-unbooked`)).toEqual([])
  })

  test('is left to the ledger of this process that tries to book it', async () => {
    const { purser, db } = await openImpatient()
    const other = openBehind(db)
    const called = await purser.call(paid, async () => other.exec('BEGIN IMMEDIATE'))
    if (!called.granted) return expect.fail(called.message)
    await called.booked
    other.exec('ROLLBACK')
    const [name] = readdirSync(`${db}-unbooked`)
    const { purser: beside } = await openImpatient(db)
    expect(readdirSync(`${db}-unbooked`)).toEqual([name])
    expect(await beside.flush()).toEqual({ waiting: 0 })
    expect(await purser.flush()).toEqual({ waiting: 0 })
    expect((await purser.costs()).total.calls).toBe(1)
  })
})

describe('a journal with lines that are damaged', () => {
  const line = (id: string, more: object = {}) =>
    JSON.stringify({
      hold: `never-${id}`,
      input: {
        provider: 'acme',
        model: 'big',
        at: 1_750_000_000_000,
        usage: { inputTokens: 1 },
        labels: {},
        statedNanos: '80000000',
        id,
        ...more,
      },
      ignore: ['at'],
      settling: 'final',
      isMeasured: true,
    })

  /** The file of a process that is gone, beside a new ledger. */
  function leave(text: string): { db: string; folder: string } {
    const db = join(temporaryFolder(), 'ledger.db')
    const folder = `${db}-unbooked`
    mkdirSync(folder)
    const { pid } = spawnSync(process.execPath, ['-e', '0'])
    writeFileSync(join(folder, `${pid}-1-00000000-0000-0000-0000-000000000000.jsonl`), text)
    return { db, folder }
  }

  const booked = async (purser: Purser) => (await Array.fromAsync(purser.charges())).map(({ id }) => id as string)

  test.each(['null', '{}', '7', '"text"', '[]', 'no JSON', '{"hold":"x","input":{}}', line('z', { labels: { ticket: 5 } })])(
    'such as %s is opened; they are kept beside it, told once, and the others booked',
    async (bad) => {
      const { db, folder } = leave(`${bad}\n${line('first')}\n${bad}\n${line('second')}\n`)
      const { purser, warnings } = await openImpatient(db)
      expect(await purser.flush()).toEqual({ waiting: 0 })
      expect((await booked(purser)).toSorted()).toEqual(['first', 'second'])
      const [name = '', ...others] = readdirSync(folder)
      expect(others).toEqual([])
      expect(name).toMatch(/\.jsonl\.unreadable$/)
      expect(readFileSync(join(folder, name), 'utf8')).toBe(`${bad}\n${bad}\n`)
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
      expect(warnings).toHaveLength(1)
      expect(warnings[0]).toContain(name)
      await purser.close()
      const { purser: next, warnings: later } = await openImpatient(db)
      expect(await next.flush()).toEqual({ waiting: 0 })
      expect(later).toEqual([])
    },
  )

  test('is opened where it cannot be read at all', async () => {
    const { db, folder } = leave('')
    const [name = ''] = readdirSync(folder)
    rmSync(join(folder, name))
    mkdirSync(join(folder, name))
    const { purser, warnings } = await openImpatient(db)
    expect(await purser.flush()).toEqual({ waiting: 0 })
    expect(warnings).toEqual([expect.stringContaining('cannot be read')])
  })

  test('is opened where the function that is warned throws', async () => {
    const { db } = leave(`null\n${line('first')}\n`)
    const told = Promise.withResolvers<Error>()
    process.once('warning', told.resolve)
    const purser = await openTemporaryLedger({
      db,
      onWarning: () => {
        throw new Error('no logger')
      },
    })
    expect(await purser.flush()).toEqual({ waiting: 0 })
    expect(await booked(purser)).toEqual(['first'])
    expect((await told.promise).message).toContain('1 line that is no charge')
  })

  test('books the others where one cannot be booked, which stays and is told once', async () => {
    // Of a quantity of a later purser, and with a name that no charge can have.
    const bad = [line('later', { usage: { dreamTokens: 5 } }), line('nameless', { model: '' })]
    const { db, folder } = leave(`${bad[0]}\n${line('first')}\n${bad[1]}\n${line('second')}\n`)
    const { purser, warnings } = await openImpatient(db)
    expect(await purser.flush()).toEqual({ waiting: 2 })
    expect(await purser.flush()).toEqual({ waiting: 2 })
    expect((await booked(purser)).toSorted()).toEqual(['first', 'second'])
    const [name = ''] = readdirSync(folder)
    expect(warnings).toHaveLength(2)
    for (const warning of warnings) expect(warning).toContain(name)
    await purser.close()
    expect(warnings).toHaveLength(3)
    expect(warnings[2]).toContain('2 charges wait in ')
    expect(warnings[2]).toContain(name)
  })
})
