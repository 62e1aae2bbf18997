import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Labels } from '../ledger/charge.ts'
import type { Role } from './roles.ts'

const prefix = 'purser'
const idBytes = 6
const secretBytes = 32

/** A key as the ledger keeps it: never its secret, only a hash of it. Instants are milliseconds since 1970. */
export interface AccessKey {
  readonly id: string
  /** For people, such as `ci` or `ada's laptop`. */
  readonly name: string
  readonly role: Role
  /** What it books and sees carries these; none for the whole ledger. */
  readonly labels: Labels
  /** The member whose key it is. */
  readonly member: string | null
  /** SHA-256 of the secret, in base64url. The secret is random and long, so that a quick hash of it cannot be guessed. */
  readonly secretHash: string
  readonly createdAt: number
  readonly revokedAt: number | null
  /** The key that took its place. */
  readonly replacedBy: string | null
}

/** A new id and secret, and both as the text that is given out once. */
export function newSecret(): { readonly id: string; readonly secretHash: string; readonly text: string } {
  const id = randomBytes(idBytes).toString('hex')
  const secret = randomBytes(secretBytes).toString('base64url')
  return { id, secretHash: hashOf(secret), text: `${prefix}_${id}_${secret}` }
}

/** The id and the secret of a key's text; undefined for any other text. */
export function parseKey(text: string): { readonly id: string; readonly secret: string } | undefined {
  const [, id, secret] = /^purser_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/.exec(text) ?? []
  return id === undefined || secret === undefined ? undefined : { id, secret }
}

/** Compares in a time that does not depend on how much of it is right. */
export function isSecretOf({ secretHash }: Pick<AccessKey, 'secretHash'>, secret: string): boolean {
  return timingSafeEqual(Buffer.from(hashOf(secret)), Buffer.from(secretHash))
}

function hashOf(secret: string): string {
  return hash('sha256', secret, 'base64url')
}
