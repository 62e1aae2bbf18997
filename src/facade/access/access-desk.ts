import type { LedgerHost } from '../ledger-host.ts'
import { AuditLog } from './audit-log.ts'
import { KeyBook } from './key-book.ts'
import { MemberBook } from './member-book.ts'

/** Who may reach the ledger over a network, and what they see. */
export class AccessDesk {
  readonly members: MemberBook
  readonly keys: KeyBook
  /** Who changed what. */
  readonly audit: AuditLog

  constructor(host: LedgerHost) {
    this.members = new MemberBook(host)
    this.keys = new KeyBook(host, this.members)
    this.audit = new AuditLog(host)
  }
}
