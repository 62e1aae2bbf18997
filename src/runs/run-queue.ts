import type { DocumentWrite, Store } from '../stores/store.ts'

/** One run in a queue. */
export interface QueuePlace {
  readonly run: string
  /** Of the `purser.run` that waits or runs. */
  readonly token: string
}

/** Runs that have a place, and those that wait for one, in the order in which they came. */
export interface RunQueue {
  readonly running: readonly QueuePlace[]
  readonly waiting: readonly QueuePlace[]
}

const queueKind = 'run-queue'
const empty: RunQueue = { running: [], waiting: [] }

export async function readQueue(store: Store, name: string): Promise<{ readonly queue: RunQueue; readonly version: number }> {
  const document = await store.document(queueKind, name)
  return document === undefined ? { queue: empty, version: 0 } : { queue: document.body as RunQueue, version: document.version }
}

export function writeQueue(name: string, queue: RunQueue, expectedVersion: number): DocumentWrite {
  return { kind: queueKind, key: name, body: queue, expectedVersion }
}

/** A queue without those that are gone, so that their places come back. */
export function withoutGone(queue: RunQueue, isGone: (place: QueuePlace) => boolean): RunQueue {
  return { running: queue.running.filter((place) => !isGone(place)), waiting: queue.waiting.filter((place) => !isGone(place)) }
}

/** Lines up at the end, unless it stands there or runs already. */
export function lineUp(queue: RunQueue, place: QueuePlace): RunQueue {
  return find(queue, place) === undefined ? { ...queue, waiting: [...queue.waiting, place] } : queue
}

/** Whether the first that wait may go, in their order: as many as there are places. */
export function mayGo(queue: RunQueue, place: QueuePlace, places: number): boolean {
  const ahead = queue.waiting.findIndex(({ token }) => token === place.token)
  return ahead !== -1 && queue.running.length + ahead < places
}

/** Takes a place in what runs. */
export function go(queue: RunQueue, place: QueuePlace): RunQueue {
  return { running: [...queue.running, place], waiting: queue.waiting.filter(({ token }) => token !== place.token) }
}

/** Gives a place up, or stops waiting for one. */
export function leave(queue: RunQueue, { token }: QueuePlace): RunQueue {
  return withoutGone(queue, (place) => place.token === token)
}

/** `running`, the number of those ahead of it, or undefined where it is not in the queue. */
export function find(queue: RunQueue, { token }: QueuePlace): 'running' | number | undefined {
  if (queue.running.some((place) => place.token === token)) return 'running'
  const ahead = queue.waiting.findIndex((place) => place.token === token)
  return ahead === -1 ? undefined : ahead
}
