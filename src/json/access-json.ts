import type { AccessKey } from '../access/access-key.ts'
import type { Member } from '../access/member.ts'
import { iso } from './iso.ts'

/** A member as JSON. */
export function memberJson({ createdAt, ...member }: Member): Record<string, unknown> {
  return { ...member, createdAt: iso(createdAt) }
}

/** A key as JSON, without the hash of its secret. */
export function keyJson({ secretHash: _, createdAt, revokedAt, ...key }: AccessKey): Record<string, unknown> {
  return { ...key, createdAt: iso(createdAt), revokedAt: revokedAt === null ? null : iso(revokedAt) }
}
