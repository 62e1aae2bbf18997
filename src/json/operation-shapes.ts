import { z } from 'zod'
import { count } from '../reports/schemas/schema-fields.ts'

// What the commands print with --json by which a ledger is served and looked after.

export const serveShape = z.strictObject({
  url: z.string(),
  pid: z.int(),
  ledger: z.string(),
  hasKeys: z.boolean().describe('whether it asks for keys'),
  isReadOnly: z.boolean(),
})

const verified = z.strictObject({ charges: count, rows: count.describe('sums'), counters: count, holds: count }).nullable()

export const backupShape = z.strictObject({
  ledger: z.string(),
  file: z.string(),
  bytes: count,
  verified: verified.describe('what was compared, and agrees; null with --no-verify'),
})

export const restoreShape = z.strictObject({
  ledger: z.string(),
  from: z.string(),
  bytes: count,
  verified: verified.describe('what was compared, and agrees; null with --no-verify'),
  kept: z.string().nullable().describe('where the ledger lies that was there before'),
})

export const doctorShape = z.strictObject({
  ok: z.boolean().describe('whether nothing failed; what is doubtful is no failure'),
  checks: z.array(
    z.strictObject({
      check: z.string(),
      status: z.enum(['ok', 'warn', 'fail']),
      message: z.string(),
      next: z.string().nullable().describe('what to do about it'),
    }),
  ),
})
