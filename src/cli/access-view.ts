import type { AccessKey } from '../access/access-key.ts'
import type { Member } from '../access/member.ts'
import type { Role } from '../access/roles.ts'
import { formatLabels } from '../budgets/amount-text.ts'
import { iso } from '../json/iso.ts'
import { printable } from '../text/display-width.ts'
import { renderTable } from '../text/table.ts'
import { paint, terminalWidth } from './terminal.ts'

const everything = '(everything)'

/** Members, one a line. */
export function memberTable(members: readonly Member[]): string[] {
  const columns = [
    { header: 'member', cutTo: 8, cutLast: true as const },
    { header: 'name', cutTo: 8 },
    { header: 'role' },
    { header: 'sees', cutTo: 12 },
    { header: 'email', cutTo: 12, dropOrder: 1 },
  ]
  const rows = members.map(({ id, name, role, labels, notificationEmail }) => [
    id,
    name,
    role,
    formatLabels(labels) || everything,
    notificationEmail ?? '',
  ])
  return renderTable(columns, rows, terminalWidth(), (text, row) => (row === 'header' ? paint('dim', text) : text))
}

/** What is known of one member. */
export function memberLines({ id, name, role, labels, notificationEmail }: Member): string[] {
  return [
    `Member ${id}${name === id ? '' : ` (${name})`} is set.`,
    `  ${seenText({ role, labels })}`,
    ...(notificationEmail === null ? [] : [`  alerts go to ${notificationEmail}`]),
  ].map(printable)
}

const may: Readonly<Record<Role, string>> = {
  admin: 'may do everything',
  member: 'books, holds, runs and sees',
  viewer: 'sees',
  ingest: 'books and holds',
}

/** What a key or a member may do, and with what. */
export function seenText({ role, labels }: Pick<AccessKey, 'role' | 'labels'>): string {
  const bound = formatLabels(labels)
  return bound === '' ? `${may[role]}, in the whole ledger` : `${may[role]}, with ${bound}`
}

/** Keys, one a line; those that open nothing any more are dim. */
export function keyTable(keys: readonly AccessKey[]): string[] {
  const columns = [
    { header: 'key', cutLast: true as const, cutTo: 12 },
    { header: 'name', cutTo: 8 },
    { header: 'role' },
    { header: 'sees', cutTo: 12 },
    { header: 'member', cutTo: 6, dropOrder: 1 },
    { header: 'made', dropOrder: 2 },
    { header: 'revoked' },
  ]
  const rows = keys.map(({ id, name, role, labels, member, createdAt, revokedAt }) => [
    id,
    name,
    role,
    formatLabels(labels) || everything,
    member ?? '',
    day(createdAt),
    revokedAt === null ? '' : day(revokedAt),
  ])
  return renderTable(columns, rows, terminalWidth(), (text, row) => {
    if (row === 'header') return paint('dim', text)
    return keys[row]?.revokedAt === null ? text : paint('dim', text)
  })
}

function day(ms: number): string {
  return iso(ms).slice(0, 10)
}
