import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
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
    const name = `${process.pid}--00000000-0000-0000-0000-000000000000.jsonl`
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
})
