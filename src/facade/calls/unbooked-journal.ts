import { appendFileSync, closeSync, fsyncSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { hash } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { PurserError } from '../../errors.ts'
import { isPostgresUrl } from '../../ledger/ledger-place.ts'
import { messageOf } from '../../text/sentence.ts'
import { adoptJournals, newJournal } from './adopt-journal.ts'
import { toLine } from './journal-lines.ts'
import { journalsInUse } from './journals-in-use.ts'
import type { PreparedSettlement } from './settlement-desk.ts'

const [firstPauseMs, longestPauseMs] = [1000, 60_000]

/** A charge that waits, and the file that it waits in; that is undefined where it could not be written. */
interface Waiting {
  readonly prepared: PreparedSettlement
  readonly path: string | undefined
  isToldOf: boolean
}

const isServerUrl = /^https?:\/\//

/** Where charges wait that the ledger could not take: beside its file, or in the user's state folder for a server. */
export function journalFolder(place: string): string | null {
  if (place === ':memory:') return null
  if (!isPostgresUrl(place) && !isServerUrl.test(place)) return `${place}-unbooked`
  const state = process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state')
  return join(state, 'purser', 'unbooked', hash('sha256', place).slice(0, 16))
}

/**
 * Charges of calls that were made and could not be booked, kept in a file until they are: usage and labels, never what
 * was asked or answered. A charge has its id already, so that it is booked once, however often it is tried, and whoever
 * tries. What a ledger leaves behind that was closed, or whose process ended, is taken over by the next one that opens it.
 */
export class UnbookedJournal {
  readonly #folder: string | null
  readonly #book: (prepared: PreparedSettlement) => Promise<void>
  readonly #warn: (message: string) => void
  readonly #waiting = new Map<string, Waiting>()
  readonly #paths = new Set<string>()
  /** The file that is written. */
  #path: string | undefined
  #timer: NodeJS.Timeout | undefined
  #pauseMs = firstPauseMs
  #draining: Promise<void> | undefined
  #isClosed = false

  constructor(folder: string | null, book: (prepared: PreparedSettlement) => Promise<void>, warn: (message: string) => void) {
    this.#folder = folder
    this.#book = book
    this.#warn = (message) => {
      try {
        warn(message)
      } catch {
        // What is told of must not keep charges from being booked, nor end the process out of a timer.
        process.emitWarning(message, 'PurserWarning')
      }
    }
  }

  /** How many charges wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** Keeps a charge: on disk before this returns, or, where that fails too, in memory, with a warning. */
  add(prepared: PreparedSettlement, because: unknown): void {
    const failure = this.#write(prepared)
    const path = failure === undefined ? this.#path : undefined
    this.#waiting.set(keyOf(prepared), { prepared, path, isToldOf: false })
    const where = path === undefined ? `only in this process, because the journal cannot be written (${messageOf(failure)})` : `in ${path}`
    this.#warn(`A call was made and its charge could not be booked: ${messageOf(because)}. It waits ${where}, and is booked later.`)
    if (this.#isClosed) this.#leave()
    else this.#schedule()
  }

  /** Takes over what nobody tries to book any more. Never throws. */
  adopt(): void {
    if (this.#folder === null) return
    for (const { path, settlements } of adoptJournals(this.#folder, this.#warn)) {
      this.#paths.add(path)
      for (const prepared of settlements) this.#waiting.set(keyOf(prepared), { prepared, path, isToldOf: false })
    }
    if (this.#waiting.size > 0) this.#schedule(0)
    else this.#forget()
  }

  /** Tries to book what waits; gives how many still do. */
  async drain(): Promise<number> {
    if (this.#waiting.size === 0 || this.#isClosed) return this.#waiting.size
    await (this.#draining ??= this.#bookWaiting().finally(() => (this.#draining = undefined)))
    return this.#waiting.size
  }

  /** Ends the tries of this ledger; what waits stays in its file, and is told. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stop()
    const paths = new Set([...this.#waiting.values()].map(({ path }) => path))
    for (const path of paths) {
      const count = [...this.#waiting.values()].filter((each) => each.path === path).length
      const charges = count === 1 ? '1 charge waits' : `${count} charges wait`
      if (path === undefined)
        this.#warn(`${charges} only in this process, so that nobody books ${count === 1 ? 'it' : 'them'} after its end.`)
      else this.#warn(`${charges} in ${path}, to be booked when the ledger is opened the next time.`)
    }
    this.#leave()
  }

  /** From now on another ledger of this process may take over the files. */
  #leave(): void {
    for (const path of this.#paths) journalsInUse.delete(path)
    this.#paths.clear()
    this.#path = undefined
  }

  async #bookWaiting(): Promise<void> {
    for (const [key, waiting] of this.#waiting) {
      try {
        await this.#book(waiting.prepared)
      } catch (error) {
        if (isOfLedger(error)) {
          // The others would meet the same. The next try begins with another one, so that none holds up the rest.
          if (this.#waiting.delete(key)) this.#waiting.set(key, waiting)
          break
        }
        this.#tellOf(waiting, error)
        continue
      }
      if (this.#waiting.get(key) === waiting) this.#waiting.delete(key)
    }
    this.#forget()
    if (this.#waiting.size > 0) this.#schedule()
  }

  #tellOf(waiting: Waiting, error: unknown): void {
    if (waiting.isToldOf) return
    waiting.isToldOf = true
    const { prepared, path } = waiting
    const where = path === undefined ? 'in this process' : `in ${path}`
    const which = prepared.hold === '' ? `"${prepared.input.id}"` : `of the hold ${prepared.hold}`
    this.#warn(`The charge ${which} cannot be booked, and goes on waiting ${where}: ${messageOf(error)}.`)
  }

  /** Takes away the files of which everything is booked. */
  #forget(): void {
    const needed = new Set([...this.#waiting.values()].map(({ path }) => path))
    for (const path of this.#paths) {
      if (needed.has(path)) continue
      rmSync(path, { force: true })
      journalsInUse.delete(path)
      this.#paths.delete(path)
      if (this.#path === path) this.#path = undefined
    }
    if (this.#waiting.size > 0) return
    this.#pauseMs = firstPauseMs
    this.#stop()
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #schedule(afterMs = this.#pauseMs): void {
    if (this.#timer !== undefined || this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs)
      void this.drain()
    }, afterMs)
    this.#timer.unref()
  }

  /** Gives the error where the file cannot be written. */
  #write(prepared: PreparedSettlement): unknown {
    if (this.#folder === null) return new Error('a ledger in memory has none')
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
      this.#path ??= newJournal(this.#folder)
      this.#paths.add(this.#path)
      const file = openSync(this.#path, 'a', 0o600)
      try {
        appendFileSync(file, `${toLine(prepared)}\n`)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      return undefined
    } catch (error) {
      return error
    }
  }
}

function keyOf({ hold, input }: PreparedSettlement): string {
  return `${hold} ${input.id ?? input.responseId ?? ''}`
}

/** Whether a charge is not at fault, but the ledger, which cannot be written now. */
function isOfLedger(error: unknown): boolean {
  return error instanceof PurserError && (error.code.startsWith('PURSER_LEDGER_') || error.code === 'PURSER_OUTCOME_UNKNOWN')
}
