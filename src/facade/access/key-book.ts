import { type AccessKey, isSecretOf, newSecret, parseKey } from '../../access/access-key.ts'
import { narrower, type Role, roles } from '../../access/roles.ts'
import { PurserError } from '../../errors.ts'
import { parseLabels } from '../../ledger/labels.ts'
import { checkFields, checkValue, type FieldKinds, mapping, oneOf, text } from '../check-fields.ts'
import type { LedgerHost } from '../ledger-host.ts'
import { type Author, authorOf, changeDocument } from './change-document.ts'
import type { MemberBook } from './member-book.ts'

const keyKind = 'key'

/** A key to be made. Of a member's key role and labels are those of the member, unless it is given fewer. */
export interface KeyOptions extends Author {
  /** For people, such as `ci`. */
  readonly name: string
  readonly role?: Role
  readonly labels?: Readonly<Record<string, string>>
  readonly member?: string
}

/** A new key: its text is told once, and kept nowhere. */
export interface NewKey {
  readonly key: AccessKey
  readonly text: string
}

const optionKinds: FieldKinds<KeyOptions> = { name: text, role: oneOf(roles), labels: mapping, member: text, author: text }

/**
 * The keys of a ledger, by which programs and people reach it over a network.
 * @example
 * const { text } = await purser.access.keys.create({ name: 'ci', role: 'ingest', labels: { project: 'atlas' } })
 */
export class KeyBook {
  readonly #host: LedgerHost
  readonly #members: MemberBook

  constructor(host: LedgerHost, members: MemberBook) {
    this.#host = host
    this.#members = members
  }

  /** All keys, also those that were revoked, the last made first. */
  async list(): Promise<AccessKey[]> {
    const documents = await this.#host.run(() => this.#host.store.documents(keyKind))
    return documents.map(({ body }) => body as AccessKey).toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1))
  }

  /** The key of a text, where it is one that counts; of a member's key, with no more than the member may by now. */
  async find(given: string): Promise<AccessKey | undefined> {
    const parsed = parseKey(given)
    if (parsed === undefined) return undefined
    const found = (await this.#host.run(() => this.#host.store.document(keyKind, parsed.id)))?.body as AccessKey | undefined
    if (found === undefined || !isSecretOf(found, parsed.secret) || found.revokedAt !== null) return undefined
    if (found.member === null) return found
    const member = await this.#members.find(found.member)
    return member && { ...found, role: narrower(found.role, member.role), labels: { ...found.labels, ...member.labels } }
  }

  /** Whether there is any key that counts: then nobody is let in without one. */
  async isAny(): Promise<boolean> {
    return (await this.list()).some(({ revokedAt }) => revokedAt === null)
  }

  /** @throws PURSER_BAD_ARGUMENT, PURSER_BAD_LABEL, PURSER_NOT_FOUND for a member that there is not */
  async create(options: KeyOptions): Promise<NewKey> {
    checkFields<KeyOptions>('the options of a key', options, optionKinds, '{ name: "ci", role: "ingest" }')
    const member = options.member === undefined ? null : await this.#members.get(options.member)
    const role = options.role ?? member?.role ?? 'member'
    const labels = parseLabels({ ...options.labels, ...member?.labels })
    this.#checkLabels(labels)
    const { id, secretHash, text: given } = newSecret()
    const key: AccessKey = {
      id,
      name: options.name,
      role,
      labels,
      member: member?.id ?? null,
      secretHash,
      createdAt: Date.now(),
      revokedAt: null,
      replacedBy: null,
    }
    await this.#put(key, undefined, 'key.created', options)
    return { key, text: given }
  }

  /** From now on the key opens nothing. @throws PURSER_NOT_FOUND */
  async revoke(id: string, author: Author = {}): Promise<AccessKey> {
    const { key, version } = await this.#kept(id)
    if (key.revokedAt !== null) return key
    const revoked = { ...key, revokedAt: Date.now() }
    await this.#put(revoked, { key, version }, 'key.revoked', author)
    return revoked
  }

  /** A new key like it; the old one is revoked in the same moment. @throws PURSER_NOT_FOUND, PURSER_CONFLICT for one that is revoked */
  async rotate(id: string, author: Author = {}): Promise<NewKey> {
    const { key, version } = await this.#kept(id)
    if (key.revokedAt !== null) throw new PurserError('PURSER_CONFLICT', `The key "${key.name}" (${id}) is revoked. Make another one.`)
    const { id: newId, secretHash, text: given } = newSecret()
    const now = Date.now()
    const next: AccessKey = { ...key, id: newId, secretHash, createdAt: now }
    const old: AccessKey = { ...key, revokedAt: now, replacedBy: newId }
    await this.#host.run(() =>
      this.#host.store.transact({
        documents: [
          { kind: keyKind, key: id, body: old, expectedVersion: version },
          { kind: keyKind, key: newId, body: next, expectedVersion: 0 },
        ],
        events: [{ kind: 'key.rotated', body: { author: authorOf(author), before: shown(key), after: shown(next) } }],
      }),
    )
    return { key: next, text: given }
  }

  /** Sums are kept by dimensions, not by subjects, so nobody is confined to one of those. */
  #checkLabels(labels: Readonly<Record<string, string>>): void {
    const subject = Object.keys(labels).find((key) => this.#host.store.subjects.has(key))
    if (subject === undefined) return
    throw new PurserError(
      'PURSER_BAD_ARGUMENT',
      `A key cannot be bound to "${subject}", which has too many values; bind it to user, team or project.`,
    )
  }

  async #kept(id: string): Promise<{ key: AccessKey; version: number }> {
    checkValue('The id of a key', id, text)
    const found = await this.#host.run(() => this.#host.store.document(keyKind, id))
    if (found === undefined) throw new PurserError('PURSER_NOT_FOUND', `There is no key "${id}". \`purser keys list\` shows them.`)
    return { key: found.body as AccessKey, version: found.version }
  }

  async #put(key: AccessKey, before: { key: AccessKey; version: number } | undefined, kind: string, author: Author): Promise<void> {
    await changeDocument(this.#host, {
      document: { kind: keyKind, key: key.id, body: key, expectedVersion: before?.version ?? 0 },
      event: { kind, body: { author: authorOf(author), before: before === undefined ? null : shown(before.key), after: shown(key) } },
    })
  }
}

/** A key without its hash. */
function shown({ secretHash: _, ...key }: AccessKey): Omit<AccessKey, 'secretHash'> {
  return key
}
