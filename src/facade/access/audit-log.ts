import { isMapping } from '../../budgets/read-fields.ts'
import type { LedgerEvent } from '../../stores/store.ts'
import type { LedgerHost } from '../ledger-host.ts'
import { auditedKinds } from './audited-kinds.ts'

/** One change: who made it, of what, and what was before and after; null where there was nothing, or where that is not kept. */
export interface AuditEntry {
  readonly seq: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly kind: string
  /** The budget, run, member, key, project or import that was changed; null where it was none in particular. */
  readonly what: string | null
  /** Null where nobody said who. */
  readonly author: string | null
  readonly before: unknown
  readonly after: unknown
}

/** Which changes; instants in milliseconds since 1970. */
export interface AuditSelection {
  readonly sinceMs?: number | undefined
  /** Exclusive. */
  readonly untilMs?: number | undefined
  /** Only changes after this place in the ledger's order. */
  readonly afterSeq?: number | undefined
}

const eventsPerPage = 1000

/**
 * Every change that somebody made, in order: of budgets, members, keys, profiles, prices, imports and runs.
 * @example
 * for await (const { author, what } of purser.access.audit.entries()) console.log(author, what)
 */
export class AuditLog {
  readonly #host: LedgerHost

  constructor(host: LedgerHost) {
    this.#host = host
  }

  /** The changes, the first first, read as they are asked for. */
  async *entries({ sinceMs, untilMs, afterSeq = 0 }: AuditSelection = {}): AsyncIterable<AuditEntry> {
    for (let after = afterSeq; ;) {
      const events = await this.#host.run(() => this.#host.store.events(after, eventsPerPage))
      for (const event of events) {
        const isWithin = (sinceMs === undefined || event.at >= sinceMs) && (untilMs === undefined || event.at < untilMs)
        if (isWithin && Object.hasOwn(auditedKinds, event.kind)) yield entryOf(event)
      }
      const last = events.at(-1)
      if (last === undefined || events.length < eventsPerPage) return
      after = last.seq
    }
  }

  /** So many changes, and where the next ones begin: `next` is the `afterSeq` of these, null where there are none. */
  async page(selection: AuditSelection, limit: number): Promise<{ readonly entries: readonly AuditEntry[]; readonly next: number | null }> {
    const entries: AuditEntry[] = []
    for await (const entry of this.entries(selection)) {
      if (entries.length === limit) return { entries, next: entries.at(-1)?.seq ?? null }
      entries.push(entry)
    }
    return { entries, next: null }
  }
}

function entryOf({ seq, at, kind, body }: LedgerEvent): AuditEntry {
  const { author, before, after } = body
  const saysState = 'before' in body || 'after' in body
  return {
    seq,
    at,
    kind,
    what: textAt(body, auditedKinds[kind] ?? ''),
    author: typeof author === 'string' ? author : null,
    before: before ?? null,
    after: saysState ? (after ?? null) : body,
  }
}

/** The text that a path of keys such as `after.id` leads to. */
function textAt(body: unknown, path: string): string | null {
  const found = path.split('.').reduce<unknown>((value, key) => (isMapping(value) ? value[key] : undefined), body)
  return typeof found === 'string' ? found : null
}
