import { PurserError } from '../../errors.ts'
import { readRun } from '../../runs/run-documents.ts'
import { find, go, leave, lineUp, mayGo, type QueuePlace, readQueue, type RunQueue, withoutGone, writeQueue } from '../../runs/run-queue.ts'
import type { Store } from '../../stores/store.ts'
import type { Liveness } from './liveness.ts'

/** The turns of runs in queues that all processes share: in the order in which they came, without those that are gone. */
export class RunTurns {
  readonly #store: Store
  readonly #liveness: Liveness

  constructor(store: Store, liveness: Liveness) {
    this.#store = store
    this.#liveness = liveness
  }

  /** Lines up, and takes a place where it is the run's turn: false where it has to wait. */
  async take(place: QueuePlace, queue: string, places: number): Promise<boolean> {
    const known = await this.#change(queue, (each) => {
      const lined = lineUp(each, place)
      return mayGo(lined, place, places) ? go(lined, place) : lined
    })
    return find(known, place) === 'running'
  }

  /** Lines up, and tells whether nobody is ahead. */
  async isFirst(place: QueuePlace, queue: string): Promise<boolean> {
    return find(await this.#change(queue, (each) => lineUp(each, place)), place) === 0
  }

  /** Gives a place up, or stops waiting for one. */
  async leave(place: QueuePlace, queue: string): Promise<void> {
    await this.#change(queue, (each) => leave(each, place))
  }

  /** Whether anybody waits in a queue. */
  async isWaitedFor(queue: string): Promise<boolean> {
    return (await this.#change(queue, (each) => each)).waiting.length > 0
  }

  /** Changes a queue as it stands now, without those that are gone; nothing is written where nothing changes. */
  async #change(name: string, change: (queue: RunQueue) => RunQueue): Promise<RunQueue> {
    for (;;) {
      const { queue, version } = await readQueue(this.#store, name)
      const gone = new Set<string>()
      for (const place of [...queue.running, ...queue.waiting]) if (await this.#isGone(place)) gone.add(place.token)
      const changed = change(withoutGone(queue, ({ token }) => gone.has(token)))
      if (JSON.stringify(changed) === JSON.stringify(queue)) return queue
      try {
        await this.#store.transact({ documents: [writeQueue(name, changed, version)] })
        return changed
      } catch (error) {
        if (!(error instanceof PurserError) || error.code !== 'PURSER_CONFLICT') throw error
      }
    }
  }

  /** Whether the process of a run that is not over is gone. */
  async isLeft(run: string): Promise<boolean> {
    const owner = (await readRun(this.#store, run))?.value.owner
    return owner !== undefined && owner !== null && this.#liveness.isGone(owner)
  }

  /** A place whose run ended, was taken over, or whose process is gone. */
  async #isGone({ run, token }: QueuePlace): Promise<boolean> {
    const owner = (await readRun(this.#store, run))?.value.owner
    return owner === undefined || owner === null || owner.token !== token || this.#liveness.isGone(owner)
  }
}
