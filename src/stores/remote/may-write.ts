import { PurserError } from '../../errors.ts'
import type { Transaction } from '../store.ts'

/** What whoever asks may, beyond what their labels show them. */
export interface May {
  readonly manages: boolean
  /** @throws PURSER_FORBIDDEN for documents that are an administrator's */
  readonly readDocuments: (kind: string) => void
}

/** Documents that open the ledger to others, or say who they are. */
const ofAccess: ReadonlySet<string> = new Set(['key', 'member'])
/** What a program writes that books, holds and runs. */
const ofRuns = /^(?:run|run-report|run-queue|profile-step|stage:.*)$/su
const eventsOfRuns = /^(?:run\.|stage\.|profile\.stepped-down$)/

/** What the teller of a call may leave to purser. */
const leftToPurser: ReadonlySet<string> = new Set(['at', 'hold'])

export function mayOf(manages: boolean): May {
  return {
    manages,
    readDocuments: (kind) => {
      if (!manages && ofAccess.has(kind)) throw forbidden(`documents of the kind "${kind}"`)
    },
  }
}

/**
 * Who books may not change what others go by: prices, profiles, keys, the events of budgets, and charges that stand.
 * @throws PURSER_FORBIDDEN
 */
export function assertMayWrite({ bookings = [], batch, documents = [], events = [] }: Transaction, { manages }: May): void {
  if (manages) return
  if (batch !== undefined) throw forbidden('imports')
  const document = typeof documents === 'function' ? undefined : documents.find(({ kind }) => !ofRuns.test(kind))
  if (document !== undefined) throw forbidden(`documents of the kind "${document.kind}"`)
  const event = events.find(({ kind }) => !eventsOfRuns.test(kind))
  if (event !== undefined) throw forbidden(`events of the kind "${event.kind}"`)
  for (const { draft, otherParts = [], ignore = [] } of bookings) {
    assertMayIgnore(ignore)
    if ([draft, ...otherParts].some(({ corrects }) => corrects !== null)) throw forbidden('corrections')
  }
}

/**
 * Who compares less than the whole call with one that is booked would be told of it without knowing it.
 * @throws PURSER_FORBIDDEN
 */
export function assertMayIgnore(fields: readonly string[]): void {
  const field = fields.find((each) => !leftToPurser.has(each))
  if (field !== undefined) throw forbidden(`calls of another ${field}`)
}

function forbidden(what: string): PurserError {
  return new PurserError('PURSER_FORBIDDEN', `A key that may not manage the ledger has no access to ${what}.`)
}
