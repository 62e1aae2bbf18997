import type { z } from 'zod'
import type { AuditEntry } from '../facade/access/audit-log.ts'
import type { auditEntryShape } from './access-shapes.ts'
import { iso } from './iso.ts'

export function auditJson({ at, ...entry }: AuditEntry): z.infer<typeof auditEntryShape> {
  return { ...entry, at: iso(at) }
}
