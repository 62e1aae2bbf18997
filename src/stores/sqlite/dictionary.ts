import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { invariant } from '../../errors.ts'

/**
 * Numbers for texts that recur: series, skus, ways of pricing. What a transaction adds is forgotten again when it is
 * rolled back.
 */
export class Dictionary {
  readonly #idByKey = new Map<string, number>()
  readonly #bodyById = new Map<number, string>()
  readonly #select: StatementSync
  readonly #insert: StatementSync
  readonly #byId: StatementSync
  #added: { key: string; id: number }[] = []

  /** `body` is the column that holds what a number stands for; it is the key itself where they are the same. */
  constructor(database: DatabaseSync, table: string, key: string, body: string) {
    this.#select = database.prepare(`SELECT id FROM ${table} WHERE ${key} = ?`)
    const columns = key === body ? key : `${key}, ${body}`
    this.#insert = database.prepare(`INSERT INTO ${table} (${columns}) VALUES (${key === body ? '?' : '?, ?'})`)
    this.#byId = database.prepare(`SELECT ${body} AS body FROM ${table} WHERE id = ?`)
  }

  /** The number of a key, given out now if it is new. Only within a write transaction. */
  idOf(key: string, body?: () => string): number {
    const known = this.#idByKey.get(key)
    if (known !== undefined) return known
    const found = this.#select.get(key)?.['id']
    const id =
      found === undefined ? Number(this.#insert.run(...(body === undefined ? [key] : [key, body()])).lastInsertRowid) : Number(found)
    this.#idByKey.set(key, id)
    this.#added.push({ key, id })
    return id
  }

  /** What a number stands for. */
  bodyOf(id: number): string {
    const known = this.#bodyById.get(id)
    if (known !== undefined) return known
    const body = this.#byId.get(id)?.['body']
    invariant(typeof body === 'string', `Number ${id} stands for nothing in this ledger.`)
    this.#bodyById.set(id, body)
    return body
  }

  committed(): void {
    this.#added = []
  }

  rolledBack(): void {
    for (const { key, id } of this.#added) {
      this.#idByKey.delete(key)
      this.#bodyById.delete(id)
    }
    this.#added = []
  }
}
