import type { Labels } from '../../ledger/charge.ts'
import type { LedgerEvent, Store } from '../store.ts'
import { carries } from '../../ledger/labels.ts'

const eventsAtOnce = 500

/** Whether an event is about what carries the labels: those of its body, or of the counter that it is about. */
export function ownEvent({ body }: LedgerEvent, bound: Labels): boolean {
  const { labels, scope } = body
  return [labels, scope].some((each) => isLabels(each) && carries(each, bound))
}

/** The first events after a place that are its own, however many of others lie between. */
export async function ownEvents(
  store: Store,
  { afterSeq, limit }: { readonly afterSeq: number; readonly limit: number },
  bound: Labels,
): Promise<LedgerEvent[]> {
  const own: LedgerEvent[] = []
  for (let after = afterSeq; own.length < limit;) {
    const events = await store.events(after, eventsAtOnce)
    own.push(...events.filter((event) => ownEvent(event, bound)))
    const last = events.at(-1)
    if (last === undefined || events.length < eventsAtOnce) break
    after = last.seq
  }
  return own.slice(0, limit)
}

function isLabels(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
