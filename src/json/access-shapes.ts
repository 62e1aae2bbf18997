import { z } from 'zod'
import { roles } from '../access/roles.ts'
import { count, instant, labels } from '../reports/schemas/schema-fields.ts'

// Who reaches the ledger over a network, as JSON.

const role = z.enum(roles)
const seen = labels.describe('what is booked and seen carries these; none for the whole ledger')

export const memberShape = z.strictObject({
  id: z.string().describe('as labels name them, such as 7 in user=7'),
  name: z.string(),
  role,
  labels: seen,
  notificationEmail: z.string().nullable(),
  createdAt: instant,
})

export const memberListShape = z.array(memberShape)

export const keyShape = z.strictObject({
  id: z.string(),
  name: z.string(),
  role,
  labels: seen,
  member: z.string().nullable().describe('the member whose key it is'),
  createdAt: instant,
  revokedAt: instant.nullable(),
  replacedBy: z.string().nullable().describe('the key that took its place'),
})

export const keyListShape = z.array(keyShape)

export const newKeyShape = z.strictObject({ key: keyShape, text: z.string().describe('the key itself, told this once and kept nowhere') })

/** One change of the log of changes. */
export const auditEntryShape = z.strictObject({
  seq: count.describe('place in the ledger’s order'),
  at: instant,
  kind: z.string().describe('such as budget.changed or key.revoked'),
  what: z.string().nullable().describe('the budget, run, member, key, project or import; null where it was none in particular'),
  author: z.string().nullable().describe('like api:member:7, cli:alice; null where nobody said who'),
  before: z.unknown().describe('null where there was nothing, or where that is not kept'),
  after: z.unknown().describe('null where it was removed'),
})
