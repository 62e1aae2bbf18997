import type { Member } from '../../access/member.ts'
import { type Role, roles } from '../../access/roles.ts'
import { PurserError } from '../../errors.ts'
import { parseLabels } from '../../ledger/labels.ts'
import { checkFields, checkValue, type FieldKinds, type Kind, mapping, oneOf, text } from '../check-fields.ts'
import type { LedgerHost } from '../ledger-host.ts'
import { type Author, authorOf, changeDocument } from './change-document.ts'

const memberKind = 'member'

/** What is said of a member; what is left out stays as it is, and of a new one is the default. */
export interface MemberInput extends Author {
  readonly name?: string
  /** `member` unless said otherwise. */
  readonly role?: Role
  /** What the member books and sees carries these: user=ID unless said otherwise; of an admin none. */
  readonly labels?: Readonly<Record<string, string>>
  readonly notificationEmail?: string | null
}

const email: Kind = {
  is: 'an email address, or null',
  holds: (value) => value === null || (typeof value === 'string' && /^[^\s@]+@[^\s@]+$/.test(value)),
}
const inputKinds: FieldKinds<MemberInput> = { name: text, role: oneOf(roles), labels: mapping, notificationEmail: email, author: text }

/**
 * Those who use a ledger, each seeing what is theirs.
 * @example
 * await purser.access.members.set('7', { name: 'Ada', notificationEmail: 'ada@example.com' })
 */
export class MemberBook {
  readonly #host: LedgerHost

  constructor(host: LedgerHost) {
    this.#host = host
  }

  async list(): Promise<Member[]> {
    const documents = await this.#host.run(() => this.#host.store.documents(memberKind))
    return documents.map(({ body }) => body as Member)
  }

  /** @throws PURSER_NOT_FOUND */
  async get(id: string): Promise<Member> {
    const found = await this.find(id)
    if (found !== undefined) return found
    throw new PurserError('PURSER_NOT_FOUND', `There is no member "${id}". \`purser members list\` shows them.`)
  }

  async find(id: string): Promise<Member | undefined> {
    checkValue('The id of a member', id, text)
    return (await this.#host.run(() => this.#host.store.document(memberKind, id)))?.body as Member | undefined
  }

  /** Adds a member, or changes one. @throws PURSER_BAD_ARGUMENT, PURSER_BAD_LABEL */
  async set(id: string, input: MemberInput = {}): Promise<Member> {
    checkValue('The id of a member', id, text)
    checkFields<MemberInput>('the fields of a member', input, inputKinds, '{ name: "Ada" }')
    const kept = await this.#host.run(() => this.#host.store.document(memberKind, id))
    const before = kept?.body as Member | undefined
    const role = input.role ?? before?.role ?? 'member'
    const own = role === 'admin' ? {} : { user: id }
    const member: Member = {
      id,
      name: input.name ?? before?.name ?? id,
      role,
      labels: parseLabels(input.labels ?? (before?.role === role ? before.labels : own)),
      notificationEmail: input.notificationEmail === undefined ? (before?.notificationEmail ?? null) : input.notificationEmail,
      createdAt: before?.createdAt ?? Date.now(),
    }
    await changeDocument(this.#host, {
      document: { kind: memberKind, key: id, body: member, expectedVersion: kept?.version ?? 0 },
      event: { kind: 'member.changed', body: { author: authorOf(input), before: before ?? null, after: member } },
    })
    return member
  }

  /** Takes a member away, whose keys open nothing from now on. @throws PURSER_NOT_FOUND */
  async remove(id: string, author: Author = {}): Promise<Member> {
    const before = await this.get(id)
    await changeDocument(this.#host, {
      document: { kind: memberKind, key: id, body: null },
      event: { kind: 'member.removed', body: { author: authorOf(author), before, after: null } },
    })
    return before
  }
}
