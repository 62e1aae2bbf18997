import { describe, expect, test } from 'vitest'
import { PurserError } from '../../errors.ts'
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
    ['SQLITE_READONLY_DIRECTORY', 1544, 'PURSER_LEDGER_READ_ONLY', 'read-only'],
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
