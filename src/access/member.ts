import type { Labels } from '../ledger/charge.ts'
import type { Role } from './roles.ts'

/** Somebody who uses the ledger. Instants are milliseconds since 1970. */
export interface Member {
  /** As labels name them, such as `7` in user=7. */
  readonly id: string
  readonly name: string
  readonly role: Role
  /** What the member books and sees carries these; none for the whole ledger. */
  readonly labels: Labels
  /** Where alerts about the member's own budgets go. */
  readonly notificationEmail: string | null
  readonly createdAt: number
}
