import { hash } from 'node:crypto'
import type { Checkpoint } from '../importer.ts'

/** Whose calls a session begins with: the first `calls` of them are another session's, or all where that is null. */
interface Fork {
  readonly from: string
  readonly calls: number | null
}

/**
 * Which session first made each call of a history, for sessions whose files are gone too. Kept between imports: an
 * entry for each fork, and one for the first call of each session.
 */
export class Histories {
  readonly #kept: (key: string) => Checkpoint | undefined
  readonly #known = new Map<string, Checkpoint>()
  #changes = new Map<string, Checkpoint>()

  constructor(kept: (key: string) => Checkpoint | undefined) {
    this.#kept = kept
  }

  /** What became known since the last time, to be kept with the calls. */
  takeChanges(): Map<string, Checkpoint> {
    const changes = this.#changes
    this.#changes = new Map()
    return changes
  }

  /** Says that a session begins with calls of another one. */
  fork(session: string, from: string, calls: number | null): void {
    if (session !== '' && session !== from) this.#keep(`codex-fork:${session}`, { from, calls })
  }

  /**
   * The session that made the call at an index of a session's history, counted from 0. `root` is the one to name for a
   * session that nothing is known of.
   */
  ownerAt(session: string, index: number, root = session): string {
    let owner = session
    for (let fork = this.#fork(owner); fork !== undefined; fork = this.#fork(owner)) {
      if (fork.calls !== null && index >= fork.calls) return owner
      if (fork.from === session) return session
      owner = fork.from
    }
    return owner === session ? root : owner
  }

  /** The session under which the history that begins with this call was read first; from now on this one if none was. */
  beginning(at: number, print: string, session: string): string {
    const key = `codex-history:${hash('sha256', `${at}\n${print}`, 'hex').slice(0, 32)}`
    const first = this.#get(key)?.['session']
    if (typeof first === 'string') return first
    this.#keep(key, { session })
    return session
  }

  #fork(session: string): Fork | undefined {
    const kept = this.#get(`codex-fork:${session}`)
    return typeof kept?.['from'] === 'string' ? (kept as unknown as Fork) : undefined
  }

  #get(key: string): Checkpoint | undefined {
    return this.#known.get(key) ?? this.#kept(key)
  }

  #keep(key: string, value: Checkpoint): void {
    if (JSON.stringify(this.#get(key)) === JSON.stringify(value)) return
    this.#known.set(key, value)
    this.#changes.set(key, value)
  }
}
