import { describe, expect, test } from 'vitest'
import { PurserError } from '../../errors.ts'
import { fromPostgres } from './postgres-errors.ts'

/** An error as pg throws it: with the SQLSTATE of the server, or the code of the socket. */
const failure = (code: string): Error => Object.assign(new Error('what was said'), { code })

describe('a failure of Postgres', () => {
  // Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
  test.each([
    ['lock_not_available', '55P03', 'PURSER_LEDGER_LOCKED', '15 seconds'],
    ['read_only_sql_transaction', '25006', 'PURSER_LEDGER_READ_ONLY', 'read-only copy'],
    ['disk_full', '53100', 'PURSER_LEDGER_UNAVAILABLE', 'is full'],
    ['too_many_connections', '53300', 'PURSER_LEDGER_UNAVAILABLE', 'max_connections'],
    ['invalid_password', '28P01', 'PURSER_LEDGER_UNAVAILABLE', 'refuses this user or password'],
    ['invalid_authorization', '28000', 'PURSER_LEDGER_UNAVAILABLE', 'pg_hba.conf'],
    ['invalid_catalog_name', '3D000', 'PURSER_NOT_FOUND', 'createdb'],
    ['insufficient_privilege', '42501', 'PURSER_LEDGER_UNAVAILABLE', 'Grant'],
    ['numeric_value_out_of_range', '22003', 'PURSER_AMOUNT_OUT_OF_RANGE', '64 bits'],
    ['query_canceled', '57014', 'PURSER_LEDGER_UNAVAILABLE', 'statement_timeout'],
    ['undefined_table', '42P01', 'PURSER_LEDGER_UNAVAILABLE', 'no longer there'],
    ['admin_shutdown', '57P01', 'PURSER_LEDGER_UNAVAILABLE', 'Nothing was written'],
    ['cannot_connect_now', '57P03', 'PURSER_LEDGER_UNAVAILABLE', 'cannot be reached'],
    ['a refused connection', 'ECONNREFUSED', 'PURSER_LEDGER_UNAVAILABLE', 'cannot be reached'],
    // https://nodejs.org/api/tls.html#x509-certificate-error-codes
    ['a certificate of nobody known', 'SELF_SIGNED_CERT_IN_CHAIN', 'PURSER_LEDGER_UNAVAILABLE', 'sslrootcert'],
    ['a certificate that has ended', 'CERT_HAS_EXPIRED', 'PURSER_LEDGER_UNAVAILABLE', 'sslrootcert'],
    ['a certificate of another host', 'ERR_TLS_CERT_ALTNAME_INVALID', 'PURSER_LEDGER_UNAVAILABLE', 'sslrootcert'],
    ['a certificate that leads nowhere', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'PURSER_LEDGER_UNAVAILABLE', 'sslrootcert'],
    ['internal_error', 'XX000', 'PURSER_LEDGER_UNAVAILABLE', 'refused to write'],
  ])('%s (%s) is told as %s', (_, sqlState, code, said) => {
    const cause = failure(sqlState)
    const error = fromPostgres(cause, 'postgres://host/spend', 'write')
    expect(error).toMatchObject({ code, cause, message: expect.stringContaining(said) as string })
    expect((error as PurserError).message).toContain('postgres://host/spend')
  })

  test('to encrypt the connection as its URL asks is told', () => {
    expect(fromPostgres(new Error('The server does not support SSL connections'), 'here', 'open')).toMatchObject({
      code: 'PURSER_LEDGER_UNAVAILABLE',
      message: expect.stringContaining('sslmode') as string,
    })
  })

  test('of the connection while committing leaves the outcome unknown, a refused commit does not', () => {
    for (const lost of [failure('ECONNRESET'), failure('57P01'), new Error('Connection terminated unexpectedly')]) {
      expect(fromPostgres(lost, 'here', 'commit')).toMatchObject({
        code: 'PURSER_OUTCOME_UNKNOWN',
        message: expect.stringContaining('same id') as string,
      })
    }
    expect(fromPostgres(failure('53100'), 'here', 'commit')).toMatchObject({ code: 'PURSER_LEDGER_UNAVAILABLE' })
  })

  test('is told apart from purser’s own errors and from those of a program', () => {
    for (const other of [new PurserError('PURSER_NOT_FOUND', 'x'), new TypeError('x'), null, 'text'])
      expect(fromPostgres(other, 'here', 'read')).toBe(other)
  })
})
