import type { LedgerHost } from '../ledger-host.ts'
import { KeyBook } from './key-book.ts'
import { MemberBook } from './member-book.ts'

/** Who may reach the ledger over a network, and what they see. */
export class AccessDesk {
  readonly members: MemberBook
  readonly keys: KeyBook

  constructor(host: LedgerHost) {
    this.members = new MemberBook(host)
    this.keys = new KeyBook(host, this.members)
  }
}
