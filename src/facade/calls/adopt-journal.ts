import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { messageOf } from '../../text/sentence.ts'
import { type JournalLines, parseLines, toLine } from './journal-lines.ts'
import { journalsInUse } from './journals-in-use.ts'
import { isAlive, thisProcess } from './process-mark.ts'

/** A journal that was left behind and belongs to this ledger now. */
export interface AdoptedJournal {
  readonly path: string
  readonly settlements: JournalLines['settlements']
}

/** Process, when that was started, thread, and a part of its own. */
const namePattern = /^(\d+)-(\d*)-(?:(\d+)-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl$/

/** A new journal's path in its folder, which exists; it counts as in use. */
export function newJournal(folder: string): string {
  const { pid, started } = thisProcess()
  const path = join(realpathSync(folder), `${pid}-${started}-${threadId}-${randomUUID()}.jsonl`)
  journalsInUse.add(path)
  return path
}

/**
 * Takes over the journals whose processes are gone, or whose ledgers in this process are closed. What cannot be taken over
 * is told and left.
 */
export function adoptJournals(folder: string, warn: (message: string) => void): AdoptedJournal[] {
  return listed(folder).flatMap((name) => {
    const left = join(folder, name)
    try {
      if (!isLeft(folder, name)) return []
      const path = newJournal(folder)
      const settlements = isTaken(left, path) ? readAdopted(path, warn) : undefined
      // Another process was first, or nobody can read it.
      if (settlements === undefined) journalsInUse.delete(path)
      return settlements === undefined ? [] : [{ path, settlements }]
    } catch (error) {
      warn(`The journal ${left} with charges that wait cannot be taken over: ${messageOf(error)}.`)
      return []
    }
  })
}

function isLeft(folder: string, name: string): boolean {
  const [, pid, started = '', thread] = namePattern.exec(name) ?? []
  if (pid === undefined) return false
  const own = thisProcess()
  // Of another thread of this process nothing can be seen from here.
  const isOwn = Number(pid) === own.pid && started === own.started && Number(thread) === threadId
  if (isOwn) return !journalsInUse.has(join(realpathSync(folder), name))
  return isAlive({ host: own.host, pid: Number(pid), started }) === false
}

function isTaken(left: string, path: string): boolean {
  try {
    renameSync(left, path)
    return true
  } catch {
    return false
  }
}

/** Lines that are no settlements are moved into a file beside the journal, for people to look at. Undefined where it cannot be read. */
function readAdopted(path: string, warn: (message: string) => void): JournalLines['settlements'] | undefined {
  try {
    const { settlements, unreadable } = parseLines(readFileSync(path))
    if (unreadable.length === 0) return settlements
    const beside = `${path}.unreadable`
    writeThrough(beside, Buffer.from(`${unreadable.join('\n')}\n`, 'latin1'))
    writeThrough(`${path}.part`, Buffer.from(settlements.map((each) => `${toLine(each)}\n`).join('')))
    renameSync(`${path}.part`, path)
    const lines = unreadable.length === 1 ? '1 line that is no charge' : `${unreadable.length} lines that are no charges`
    warn(`A journal of charges that wait had ${lines}, which nobody books. See ${beside}, and delete it then.`)
    return settlements
  } catch (error) {
    warn(`The journal ${path} with charges that wait cannot be read: ${messageOf(error)}.`)
    return undefined
  }
}

function writeThrough(path: string, bytes: Buffer): void {
  const file = openSync(path, 'w', 0o600)
  try {
    writeFileSync(file, bytes)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
