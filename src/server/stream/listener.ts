import { carries } from '../../ledger/labels.ts'
import { Readable } from 'node:stream'
import type { Principal } from '../../access/principal.ts'
import type { Labels } from '../../ledger/charge.ts'
import { ownEvent } from '../../stores/confined/own-events.ts'
import type { LedgerEvent } from '../../stores/store.ts'
import type { ChargeSums } from './charge-sums.ts'

/** The name of the messages that sum charges, beside the kinds of the event log. */
export const chargesKind = 'charges'

/** Who listens, and to what. */
export interface Interest {
  readonly principal: Principal
  /** Kinds, or beginnings of them like `run.*`; undefined for all. */
  readonly kinds: readonly string[] | undefined
  /** Labels that what is told must carry. */
  readonly where: Labels
}

/** Up to where somebody was told: of the event log, and of charges. Both count in the one order of the ledger. */
export interface Place {
  readonly event: number
  readonly charge: number
}

/** What may wait for a reader that is slow; then it is let go, and goes on where it was once it comes back. */
const mostWaitingBytes = 1024 * 1024

/** One who listens, as a stream of server-sent events. */
export class Listener {
  readonly stream = new Readable({ read: () => this.#read() })
  readonly principal: Principal
  /** The same for all who are told the same. */
  readonly interest: string
  readonly #kinds: readonly string[] | undefined
  readonly #carried: Labels
  #place: Place
  #read = (): void => undefined

  constructor({ principal, kinds, where }: Interest, place: Place) {
    this.principal = principal
    this.#kinds = kinds
    this.#carried = { ...where, ...principal.labels }
    this.interest = JSON.stringify([kinds, this.#carried, principal.role])
    this.#place = place
    // What is sent at once tells the other side that it is connected.
    this.stream.push(`retry: 1000\nid: ${idOf(place)}\n\n`)
  }

  get place(): Place {
    return this.#place
  }

  wants(kind: string): boolean {
    return (
      this.#kinds === undefined || this.#kinds.some((each) => (each.endsWith('*') ? kind.startsWith(each.slice(0, -1)) : kind === each))
    )
  }

  /** Tells of an event, unless it was told before, or is not for this one. */
  tellEvent(event: LedgerEvent): void {
    if (event.seq <= this.#place.event) return
    this.#place = { ...this.#place, event: event.seq }
    if (!this.wants(event.kind) || !this.#maySee(event)) return
    this.#send(event.kind, { seq: event.seq, at: new Date(event.at).toISOString(), kind: event.kind, ...event.body })
  }

  /** Tells of charges; `data` is what those of its interest are told, undefined where nothing is for them. */
  tellCharges(upToSeq: number, data: unknown): void {
    if (upToSeq <= this.#place.charge) return
    this.#place = { ...this.#place, charge: upToSeq }
    if (data !== undefined) this.#send(chargesKind, data)
  }

  /** What of some sums is told to those of this interest. */
  sumsOf(sums: ChargeSums): unknown {
    if (!this.wants(chargesKind)) return undefined
    return sums.of((labels) => carries(labels, this.#carried))
  }

  /** Resolves once the reader has taken most of what waits. */
  async room(): Promise<void> {
    const { stream } = this
    if (stream.destroyed || stream.readableLength < stream.readableHighWaterMark) return
    await new Promise<void>((resolve) => {
      this.#read = resolve
      stream.once('close', resolve)
    })
  }

  beat(): void {
    this.#push(': here\n\n')
  }

  end(): void {
    this.stream.push(null)
  }

  /** Keys and members are an administrator's to know. */
  #maySee(event: LedgerEvent): boolean {
    if (/^(?:key|member)\./.test(event.kind) && this.principal.role !== 'admin') return false
    return Object.keys(this.#carried).length === 0 || ownEvent(event, this.#carried)
  }

  #send(kind: string, data: unknown): void {
    const text = JSON.stringify(data, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
    this.#push(`event: ${kind}\nid: ${idOf(this.#place)}\ndata: ${text}\n\n`)
  }

  #push(text: string): void {
    if (this.stream.destroyed || this.stream.readableEnded) return
    if (this.stream.readableLength > mostWaitingBytes) this.stream.destroy()
    else this.stream.push(text)
  }
}

function idOf({ event, charge }: Place): string {
  return `${event}-${charge}`
}

/** The place that an id of a message stands for; undefined for any other text. */
export function placeOf(id: string): Place | undefined {
  const [, event, charge = event] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(id) ?? []
  return event === undefined || charge === undefined ? undefined : { event: Number(event), charge: Number(charge) }
}
