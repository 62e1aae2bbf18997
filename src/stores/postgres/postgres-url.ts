import { PurserError } from '../../errors.ts'

/** Where a Postgres server is, and what may be shown of it. */
export interface PostgresPlace {
  readonly url: string
  /** The URL without password and settings, with the schema. */
  readonly location: string
}

/**
 * Checks the URL of a database. What is shown of it never holds a password.
 * @throws PURSER_BAD_ARGUMENT; without the cause, which would show the URL
 */
export function parsePostgresUrl(url: string, schema: string): PostgresPlace {
  if (!URL.canParse(url) || !/^postgres(?:ql)?:\/\//.test(url)) {
    throw new PurserError('PURSER_BAD_ARGUMENT', 'That is no URL of a Postgres database. Write postgres://user@host:5432/database.')
  }
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema) || schema.startsWith('pg_')) {
    throw new PurserError(
      'PURSER_BAD_ARGUMENT',
      `"${schema}" cannot be the schema of a ledger: use small letters, digits and "_", at most 63, not beginning with "pg_".`,
    )
  }
  const { protocol, username, password, host, pathname, searchParams } = new URL(url)
  const who = username === '' ? '' : `${username}${password === '' ? '' : ':***'}@`
  const where = host === '' ? (searchParams.get('host') ?? '') : host
  return { url, location: `${protocol}//${who}${where}${pathname} (schema ${schema})` }
}
