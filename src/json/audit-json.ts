import { z } from 'zod'
import type { AuditEntry } from '../facade/access/audit-log.ts'
import { count, instant } from '../reports/schemas/schema-fields.ts'
import { iso } from './iso.ts'

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

export function auditJson({ at, ...entry }: AuditEntry): z.infer<typeof auditEntryShape> {
  return { ...entry, at: iso(at) }
}
