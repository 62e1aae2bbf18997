import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { PurserError } from '../../errors.ts'
import { turnMs } from '../store.ts'
import { schemaVersion } from './schema.ts'
import { fromSqlite, isBusy } from './sqlite-errors.ts'

interface Job<T> {
  readonly work: () => T
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

export interface CommitHooks {
  /** Says whether another process has written since the last transaction. */
  readonly begun: () => boolean
  /** Runs inside the transaction, before the commit. */
  readonly beforeCommit: () => void
  readonly committed: () => void
  readonly rolledBack: () => void
}

/** How long a writer tries to get the file's lock before it gives up, in milliseconds, unless said otherwise. */
const defaultPatienceMs = 15_000
/** How much work goes into one transaction before others get their turn, in milliseconds. */
const maxTransactionMs = turnMs

/**
 * Group commit: everything that was asked for while the last transaction was written goes into the next one, and is
 * answered only after that is durable. Work may run twice: where a job throws, the transaction is rolled back, that job
 * is answered with its error, and the others are done again. So jobs only read their arguments and the database.
 */
export class CommitQueue {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #hooks: CommitHooks
  readonly #patienceMs: number
  readonly #version: StatementSync
  readonly #waiting: Job<unknown>[] = []
  /** Bulk work, of which each transaction takes some when all else is done. */
  readonly #waitingBulk: Job<unknown>[] = []
  /** Told once those are written that were in one transaction with them. */
  readonly #failed: (() => void)[] = []
  #passedOver = 0
  #draining: Promise<void> | undefined
  /** Whether another process was met since the last transaction: then the lock is left free for a moment after each. */
  #isShared = false
  /** When that was last; `performance.now()`. */
  #metAt = Number.NEGATIVE_INFINITY

  constructor(database: DatabaseSync, path: string, hooks: CommitHooks, patienceMs = defaultPatienceMs) {
    this.#patienceMs = patienceMs
    this.#database = database
    this.#path = path
    this.#hooks = hooks
    this.#version = database.prepare('PRAGMA user_version')
  }

  /** Runs synchronous work inside the next transaction; bulk work after all other. */
  run<T>(work: () => T, isBulk = false): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const jobs = isBulk ? this.#waitingBulk : this.#waiting
      jobs.push({ work, resolve: resolve as (value: unknown) => void, reject })
      this.#draining ??= this.#drain()
    })
  }

  /** Resolves when nothing is left to write. */
  async idle(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining
  }

  async #drain(): Promise<void> {
    await (this.#isBulkBesideOthers ? pause(longestPauseMs) : nextTurn())
    while (this.#hasWork) {
      await this.#transaction()
      if (this.#hasWork) await (this.#isShared || this.#isBulkBesideOthers ? pause(longestPauseMs) : nextTurn())
    }
    this.#draining = undefined
  }

  /**
   * An import asks for its next turn as soon as it has had one, so that others would hardly ever find the lock free; and
   * they show themselves only when they do. So bulk work leaves it free before each turn, for a while after it met another.
   */
  get #isBulkBesideOthers(): boolean {
    return this.#waiting.length === 0 && performance.now() - this.#metAt < givingWayMs
  }

  #meet(): void {
    this.#isShared = true
    this.#metAt = performance.now()
  }

  get #hasWork(): boolean {
    return this.#waiting.length > 0 || this.#waitingBulk.length > 0
  }

  /** Bulk work comes last, but is not passed over again and again. */
  #next(): Job<unknown> | undefined {
    const isDue = this.#waitingBulk.length > 0 && this.#waiting.length > 0 && (this.#passedOver += 1) > mostPassedOver
    const job = (isDue ? undefined : this.#waiting.shift()) ?? this.#waitingBulk.shift()
    if (isDue) this.#passedOver = 0
    return job
  }

  async #transaction(): Promise<void> {
    try {
      await this.#begin()
    } catch (error) {
      for (const job of [...this.#waiting.splice(0), ...this.#waitingBulk.splice(0)]) job.reject(error)
      this.#tellFailed()
      return
    }
    const done: { job: Job<unknown>; value: unknown }[] = []
    let job: Job<unknown> | undefined
    try {
      if (this.#hooks.begun()) this.#meet()
      const started = performance.now()
      while (performance.now() - started < maxTransactionMs && (job = this.#next()) !== undefined) {
        done.push({ job, value: job.work() })
      }
      job = undefined
      this.#hooks.beforeCommit()
    } catch (error) {
      this.#undo()
      this.#answerFailure(error, job, done)
      return
    }
    try {
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#undo()
      for (const { job: unanswered } of done) unanswered.reject(fromSqlite(error, this.#path, 'commit'))
      this.#tellFailed()
      return
    }
    this.#hooks.committed()
    for (const { job: answered, value } of done) answered.resolve(value)
    this.#tellFailed()
  }

  /**
   * Those that were done before the job that failed are done again, and only then is it told so: who looks what is in the way
   * and tries again sees what they have written.
   */
  #answerFailure(error: unknown, failed: Job<unknown> | undefined, done: readonly { job: Job<unknown> }[]): void {
    const others = done.map(({ job }) => job)
    if (failed === undefined) for (const job of others) job.reject(fromSqlite(error, this.#path, 'write'))
    else {
      this.#failed.push(() => failed.reject(fromSqlite(error, this.#path, 'write')))
      if (others.length === 0) this.#tellFailed()
      else this.#waiting.unshift(...others)
    }
  }

  #tellFailed(): void {
    for (const tell of this.#failed.splice(0)) tell()
  }

  async #begin(): Promise<void> {
    const deadline = performance.now() + this.#patienceMs
    this.#isShared = false
    for (;;) {
      try {
        this.#database.exec('BEGIN IMMEDIATE')
        break
      } catch (error) {
        if (!isBusy(error)) throw fromSqlite(error, this.#path, 'write')
        if (performance.now() > deadline) {
          throw new PurserError(
            'PURSER_LEDGER_LOCKED',
            `${this.#path} has been locked by another process for ${this.#patienceMs / 1000} seconds. Nothing was written; try again, or end that process.`,
            { cause: error },
          )
        }
      }
      this.#meet()
      await pause(longestPauseMs)
    }
    const version = Number(this.#version.get()?.['user_version'])
    if (version === schemaVersion) return
    this.#database.exec('ROLLBACK')
    throw new PurserError(
      'PURSER_LEDGER_NEWER',
      `${this.#path} was changed to schema ${version} while it was open; this purser knows ${schemaVersion}. Update purser.`,
    )
  }

  #undo(): void {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    this.#hooks.rolledBack()
  }
}

/** How many other jobs are done before bulk work gets its turn all the same: some hundred milliseconds. */
const mostPassedOver = 2000

/** For how long bulk work expects another process to write again, in milliseconds. */
const givingWayMs = 1000

/** Short, random waits: no process learns another's rhythm, so none starves. */
const longestPauseMs = 3

function pause(longestMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * longestMs))
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
