import { PurserError } from '../errors.ts'
import type { Labels } from '../ledger/charge.ts'
import type { AccessKey } from './access-key.ts'
import { hasRight, type Right, type Role } from './roles.ts'

/** Who asks: by which key, with which role, and confined to which labels. */
export interface Principal {
  /** For the audit log, such as `key:ci` or `member:7`. */
  readonly name: string
  readonly role: Role
  readonly labels: Labels
  readonly key: string | null
  readonly member: string | null
}

/** Whoever asks where no key is needed: the owner of the machine. */
export const owner: Principal = { name: 'owner', role: 'admin', labels: {}, key: null, member: null }

export function principalOf({ id, name, role, labels, member }: AccessKey): Principal {
  return { name: member === null ? `key:${name}` : `member:${member}`, role, labels, key: id, member }
}

/** @throws PURSER_FORBIDDEN */
export function assertRight({ role }: Principal, right: Right): void {
  if (hasRight(role, right)) return
  const what = { enter: 'sign in', see: 'see costs', book: 'book calls', manage: 'change what others go by' }[right]
  throw new PurserError('PURSER_FORBIDDEN', `A key with the role "${role}" may not ${what}.`)
}

/** Whether somebody sees the whole ledger. */
export function seesAll({ labels }: Principal): boolean {
  return Object.keys(labels).length === 0
}
