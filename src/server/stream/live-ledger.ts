import type { LedgerEvent, Store } from '../../stores/store.ts'
import { ChargeSums } from './charge-sums.ts'
import { type Interest, Listener, type Place } from './listener.ts'

/** How often the ledger is looked at while anybody listens: also other processes' facts are seen so. */
const lookEveryMs = 200
const beatEveryMs = 15_000
const eventsAtOnce = 1000
const missedAtOnce = 200
/** Charges that are read in one look; the rest is read in the next. */
const chargesAtOnce = 20_000

/**
 * Tells those who listen what is new in a ledger, whoever wrote it. It is read once for all of them, in the order of its facts,
 * and not at all while nobody listens.
 */
export class LiveLedger {
  readonly #store: Store
  readonly #listeners = new Set<Listener>()
  readonly #warn: (error: unknown) => void
  #place: Place | undefined
  #timer: NodeJS.Timeout | undefined
  #beatAt = 0
  #isClosed = false

  constructor(store: Store, warn: (error: unknown) => void) {
    this.#store = store
    this.#warn = warn
  }

  /** How many listen. */
  get size(): number {
    return this.#listeners.size
  }

  /**
   * Begins to tell somebody, from now on, or from the place on where they were told last.
   * @param own the ledger as they see it, of which is read what they missed
   */
  async listen(interest: Interest, own: Store, since: Place | undefined): Promise<Listener> {
    const now = this.#place ?? (await lastPlace(this.#store))
    // A place that is yet to come is that of another ledger.
    const isKnown = since !== undefined && since.event <= now.event && since.charge <= now.charge
    const listener = new Listener(interest, isKnown ? since : now)
    listener.stream.once('close', () => this.#forget(listener))
    void this.#begin(listener, own, now).catch((error: unknown) => {
      this.#warn(error)
      listener.end()
    })
    return listener
  }

  /** Tells what was missed, and is then one of those who are told what is new. */
  async #begin(listener: Listener, own: Store, now: Place): Promise<void> {
    let place = now
    for (;;) {
      await this.#catchUp(listener, own, place)
      // Meanwhile others may have been told more.
      const current = this.#place ?? place
      if (current === place) break
      place = current
    }
    if (this.#isClosed) listener.end()
    if (this.#isClosed || listener.stream.destroyed) return
    this.#place = place
    this.#listeners.add(listener)
    this.#schedule()
    await this.#checkKey(listener, new Set())
  }

  /** Ends all that listen. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const listener of this.#listeners) listener.end()
    this.#listeners.clear()
  }

  #forget(listener: Listener): void {
    this.#listeners.delete(listener)
    if (this.#listeners.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#place = undefined
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isClosed || this.#listeners.size === 0) return
    this.#timer = setTimeout(() => void this.#look(), lookEveryMs)
  }

  async #look(): Promise<void> {
    try {
      if (this.#place !== undefined) await this.#tellNew(this.#place)
    } catch (error) {
      // The next look tells what this one could not read.
      this.#warn(error)
    }
    if (performance.now() >= this.#beatAt) {
      this.#beatAt = performance.now() + beatEveryMs
      for (const listener of this.#listeners) listener.beat()
    }
    this.#timer = undefined
    this.#schedule()
  }

  async #tellNew(from: Place): Promise<void> {
    const events = await this.#store.events(from.event, eventsAtOnce)
    const sums = await sumsAfter(this.#store, from.charge, chargesAtOnce)
    const place = { event: events.at(-1)?.seq ?? from.event, charge: Math.max(sums.lastSeq, from.charge) }
    // Whoever began to listen meanwhile is told from their own place on.
    if (this.#place === from) this.#place = place
    if (!sums.isEmpty) {
      const told = new Map<string, unknown>()
      for (const listener of this.#listeners) {
        if (!told.has(listener.interest)) told.set(listener.interest, listener.sumsOf(sums))
        listener.tellCharges(place.charge, told.get(listener.interest))
      }
    }
    for (const event of events) for (const listener of this.#listeners) listener.tellEvent(event)
    if (events.some(({ kind }) => /^(?:key|member)\./.test(kind))) await this.#checkKeys(events)
  }

  /** What a listener missed before a place, as fast as they read it. */
  async #catchUp(listener: Listener, own: Store, to: Place): Promise<void> {
    while (listener.place.charge < to.charge && !listener.stream.destroyed) {
      const sums = await sumsAfter(own, listener.place.charge, chargesAtOnce, to.charge)
      listener.tellCharges(sums.isEmpty ? to.charge : sums.lastSeq, sums.isEmpty ? undefined : listener.sumsOf(sums))
      await listener.room()
    }
    for (let after = listener.place.event; after < to.event && !listener.stream.destroyed;) {
      const missed = (await own.events(after, missedAtOnce)).filter(({ seq }) => seq <= to.event)
      for (const event of missed) listener.tellEvent(event)
      await listener.room()
      if (missed.length < missedAtOnce) return
      after = missed.at(-1)?.seq ?? to.event
    }
  }

  async #checkKeys(events: readonly LedgerEvent[]): Promise<void> {
    const members = new Set(events.flatMap(({ kind, body }) => (kind.startsWith('member.') ? memberOf(body) : [])))
    for (const listener of this.#listeners) await this.#checkKey(listener, members)
  }

  /** Whose key counts no more, or may other things now, is let go, and has to ask again. */
  async #checkKey(listener: Listener, changed: ReadonlySet<string>): Promise<void> {
    const { key, member } = listener.principal
    const kept = key === null ? undefined : await this.#store.document('key', key)
    const isGone = key !== null && (kept?.body as { revokedAt?: unknown } | undefined)?.revokedAt !== null
    if (isGone || (member !== null && changed.has(member))) listener.end()
  }
}

function memberOf({ before, after }: LedgerEvent['body']): string[] {
  return [before, after].flatMap((each) => (each as { readonly id?: string } | null | undefined)?.id ?? [])
}

/** The charges after a place in the order of booking, so many of them. */
async function sumsAfter(store: Store, seq: number, most: number, upToSeq = Number.MAX_SAFE_INTEGER): Promise<ChargeSums> {
  const sums = new ChargeSums()
  let read = 0
  for await (const charge of store.charges({ after: { at: 0, seq } })) {
    if (charge.seq > upToSeq) break
    sums.add(charge)
    read += 1
    if (read >= most) break
  }
  return sums
}

/** The last fact of the event log, and the last charge. */
async function lastPlace(store: Store): Promise<Place> {
  let charge = 0
  for await (const last of store.charges({ backwards: true })) {
    charge = last.seq
    break
  }
  // Where the log ends is found by asking whether anything is behind a place, ever nearer.
  const isBehind = async (seq: number): Promise<boolean> => (await store.events(seq, 1)).length === 0
  let [low, high] = [0, Math.max(charge, 1)]
  while (!(await isBehind(high))) [low, high] = [high, high * 2]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (await isBehind(middle)) high = middle
    else low = middle + 1
  }
  return { event: high, charge }
}
