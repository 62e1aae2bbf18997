import { describe, expect, test } from 'vitest'
import { book, booking, openTemporaryStore } from '../../../test/ledger/temporary-ledger.ts'
import { PurserError } from '../../errors.ts'
import type { ChargeId } from '../../ledger/charge.ts'
import type { Nanos } from '../../money/nanos.ts'
import { fromSqlite, isBusy } from './sqlite-errors.ts'

/** An error as node:sqlite throws it: with SQLite's extended result code. */
const sqliteError = (errcode: number, message = 'what SQLite said'): Error =>
  Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode })

describe('a failure of SQLite', () => {
  // Codes: https://www.sqlite.org/rescode.html
  test.each([
    ['SQLITE_BUSY', 5, 'PURSER_LEDGER_LOCKED', 'locked by another process'],
    ['SQLITE_BUSY_SNAPSHOT', 517, 'PURSER_LEDGER_LOCKED', 'Nothing was written'],
    ['SQLITE_LOCKED', 6, 'PURSER_LEDGER_LOCKED', 'locked'],
    ['SQLITE_READONLY_DIRECTORY', 1544, 'PURSER_LEDGER_UNAVAILABLE', 'read-only'],
    ['SQLITE_FULL', 13, 'PURSER_LEDGER_UNAVAILABLE', 'is full'],
    ['SQLITE_CANTOPEN', 14, 'PURSER_LEDGER_UNAVAILABLE', 'cannot be opened'],
    ['SQLITE_CORRUPT', 11, 'PURSER_LEDGER_CORRUPT', 'damaged'],
    ['SQLITE_NOTADB', 26, 'PURSER_LEDGER_CORRUPT', 'not a ledger'],
    ['SQLITE_IOERR_READ', 266, 'PURSER_LEDGER_UNAVAILABLE', 'Reading or writing'],
    ['SQLITE_CONSTRAINT_DATATYPE', 3091, 'PURSER_AMOUNT_OUT_OF_RANGE', '64 bits'],
    ['SQLITE_ERROR', 1, 'PURSER_LEDGER_UNAVAILABLE', 'refused to write'],
  ])('%s (%d) is told as %s', (_, errcode, code, said) => {
    const cause = sqliteError(errcode)
    const error = fromSqlite(cause, '/spend.db', 'write')
    expect(error).toMatchObject({ code, cause, message: expect.stringContaining(said) as string })
    expect((error as PurserError).message).toContain('/spend.db')
  })

  test('of the disk while committing leaves the outcome unknown', () => {
    expect(fromSqlite(sqliteError(1034), '/spend.db', 'commit')).toMatchObject({
      code: 'PURSER_OUTCOME_UNKNOWN',
      message: expect.stringContaining('same id') as string,
    })
    expect(fromSqlite(sqliteError(13), '/spend.db', 'commit')).toMatchObject({ code: 'PURSER_LEDGER_UNAVAILABLE' })
  })

  test('is told apart from purser’s own errors and from those of a program', () => {
    for (const other of [new PurserError('PURSER_NOT_FOUND', 'x'), new TypeError('x'), null, 'text'])
      expect(fromSqlite(other, '/spend.db', 'read')).toBe(other)
    expect([sqliteError(5), sqliteError(262), sqliteError(13), undefined].map((error) => isBusy(error))).toEqual([true, true, false, false])
  })
})

describe('a sum that would not fit 64 bits', () => {
  const dear = (id: string, more = {}) =>
    booking({ id, provider: 'x', model: 'y', usage: { requests: 1 }, statedNanos: (10n ** 16n) as Nanos, labels: { run: 'r' }, ...more })
  const many = (from: number, n: number) => Array.from({ length: n }, (_, index) => dear(`c${from + index}`))

  test('is refused whole, and the ledger goes on with what it had', async () => {
    const store = openTemporaryStore()
    await book(store, ...many(0, 900))
    await expect(book(store, ...many(900, 100))).rejects.toMatchObject({ code: 'PURSER_AMOUNT_OUT_OF_RANGE' })
    await book(store, ...many(900, 20))
    expect(await Array.fromAsync(store.charges({}))).toHaveLength(920)
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('is refused also where one transaction brings it all', async () => {
    const store = openTemporaryStore()
    await expect(book(store, ...many(0, 1000))).rejects.toMatchObject({ code: 'PURSER_AMOUNT_OUT_OF_RANGE' })
    expect(await Array.fromAsync(store.charges({}))).toEqual([])
  })

  test('of tokens is far from what calls may have', async () => {
    const store = openTemporaryStore()
    const vast = Array.from({ length: 9000 }, (_, n) => booking({ id: `v${n}`, model: 'mystery', usage: { inputTokens: 1e12 } }))
    await book(store, ...vast)
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
    await expect(
      book(store, ...vast.map((each) => ({ ...each, draft: { ...each.draft, id: `w${each.draft.id}` as ChargeId } }))),
    ).rejects.toBeInstanceOf(PurserError)
    await book(store, booking({ id: 'c', labels: { project: 'other' } }))
    expect(await Array.fromAsync(store.charges({}))).toHaveLength(9001)
  })
})
