import { appendFileSync, closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { hash, randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isPostgresUrl } from '../../ledger/ledger-place.ts'
import { messageOf } from '../../text/sentence.ts'
import { isAlive, thisProcess } from './process-mark.ts'
import type { PreparedSettlement } from './settlement-desk.ts'

const [firstPauseMs, longestPauseMs] = [1000, 60_000]
const bigintKeys: ReadonlySet<string> = new Set(['statedNanos', 'reportedNanos'])

/** Where charges wait that the ledger could not take: beside its file, or in the user's state folder for a server. */
export function journalFolder(place: string): string | null {
  if (place === ':memory:') return null
  if (!isPostgresUrl(place)) return `${place}-unbooked`
  const state = process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state')
  return join(state, 'purser', 'unbooked', hash('sha256', place).slice(0, 16))
}

/**
 * Charges of calls that were made and could not be booked, kept in a file until they are: usage and labels, never what
 * was asked or answered. A charge has its id already, so that it is booked once, however often it is tried, and whoever
 * tries. What a process leaves behind that ended is taken over by the next one that opens the ledger.
 */
export class UnbookedJournal {
  readonly #folder: string | null
  readonly #book: (prepared: PreparedSettlement) => Promise<void>
  readonly #warn: (message: string) => void
  readonly #waiting = new Map<string, PreparedSettlement>()
  #path: string | undefined
  #adopted: string[] = []
  #timer: NodeJS.Timeout | undefined
  #pauseMs = firstPauseMs
  #draining: Promise<void> | undefined

  constructor(folder: string | null, book: (prepared: PreparedSettlement) => Promise<void>, warn: (message: string) => void) {
    this.#folder = folder
    this.#book = book
    this.#warn = warn
  }

  /** How many charges wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** Keeps a charge: on disk before this returns, or, where that fails too, in memory, with a warning. */
  add(prepared: PreparedSettlement, because: unknown): void {
    this.#waiting.set(keyOf(prepared), prepared)
    const kept = this.#write(prepared)
    const where =
      kept === undefined ? `in ${this.#path}` : `only in this process, because the journal cannot be written (${messageOf(kept)})`
    this.#warn(`A call was made and its charge could not be booked: ${messageOf(because)}. It waits ${where}, and is booked later.`)
    this.#schedule()
  }

  /** Takes over what processes left behind that are gone. */
  adopt(): void {
    if (this.#folder === null) return
    for (const name of listed(this.#folder)) {
      const match = /^(\d+)-(\d*)-[0-9a-f-]+\.jsonl$/.exec(name)
      if (match === null || isAlive({ host: thisProcess().host, pid: Number(match[1]), started: match[2] ?? '' }) === true) continue
      const taken = join(this.#folder, ownName())
      try {
        renameSync(join(this.#folder, name), taken)
      } catch {
        // Another process was first.
        continue
      }
      this.#adopted.push(taken)
      for (const prepared of readJournal(taken)) this.#waiting.set(keyOf(prepared), prepared)
    }
    if (this.#waiting.size > 0) this.#schedule(0)
  }

  /** Tries to book what waits; gives how many still do. */
  async drain(): Promise<number> {
    if (this.#waiting.size === 0) return 0
    await (this.#draining ??= this.#bookWaiting().finally(() => (this.#draining = undefined)))
    return this.#waiting.size
  }

  /** Ends the tries of this process; what waits stays in its file. */
  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  async #bookWaiting(): Promise<void> {
    for (const [key, prepared] of this.#waiting) {
      try {
        await this.#book(prepared)
      } catch {
        this.#schedule()
        return
      }
      this.#waiting.delete(key)
    }
    this.#forget()
  }

  /** Everything is booked, so the files are not needed any more. */
  #forget(): void {
    if (this.#waiting.size > 0) return
    for (const path of [...this.#adopted, ...(this.#path === undefined ? [] : [this.#path])]) rmSync(path, { force: true })
    this.#adopted = []
    this.#path = undefined
    this.#pauseMs = firstPauseMs
    this.close()
  }

  #schedule(afterMs = this.#pauseMs): void {
    if (this.#timer !== undefined) return
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
      this.#path ??= join(this.#folder, ownName())
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

function ownName(): string {
  const { pid, started } = thisProcess()
  return `${pid}-${started}-${randomUUID()}.jsonl`
}

function keyOf({ hold, input }: PreparedSettlement): string {
  return `${hold} ${input.id ?? input.responseId ?? ''}`
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function toLine(prepared: PreparedSettlement): string {
  return JSON.stringify(prepared, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

/** Lines that were cut short when the machine stopped are left out: their charge was not acknowledged. */
function readJournal(path: string): PreparedSettlement[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line, revive) as PreparedSettlement]
    } catch {
      return []
    }
  })
}

function revive(key: string, value: unknown): unknown {
  return bigintKeys.has(key) && typeof value === 'string' ? BigInt(value) : value
}
