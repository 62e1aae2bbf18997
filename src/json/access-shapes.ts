import { z } from 'zod'
import { roles } from '../access/roles.ts'
import { instant, labels } from '../reports/schemas/schema-fields.ts'

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
