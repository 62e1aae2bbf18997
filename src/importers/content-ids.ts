import { createHash, hash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import type { RecordDefaults } from './record-mapping.ts'
import type { SourceFile } from './source-files.ts'

/** Gives the id of a record by what it says. */
export type ContentId = (content: string) => string

/**
 * Ids of records that bring none, for the files of one command: made from what a record says, what the owner says of
 * all of them, and how many equal ones stand before it. So equal rows stay as many as they are, and a file that comes
 * again, moved, grown or written anew in another order, books nothing twice.
 */
export class ContentIds {
  readonly #prefix: string
  readonly #constants: string
  #seen = new Map<number, number>()
  readonly #digests = new Map<SourceFile, string>()
  readonly #files = new Map<number, SourceFile[]>()

  constructor(prefix: string, { provider, model, labels, map }: RecordDefaults & { readonly map?: string }) {
    this.#prefix = prefix
    const sorted = Object.entries(labels ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))
    this.#constants = JSON.stringify([provider ?? '', model ?? '', sorted, (map ?? '').split(',').toSorted()])
  }

  /** For the records of one file, in their order. A file with the same bytes as one before holds the same records. */
  ofFile(file: SourceFile): (header: string) => ContentId {
    const seen = this.#isCopy(file) ? new Map<number, number>() : this.#seen
    return (header) => (content) => {
      const digest = hash('sha256', `${this.#constants}\n${header}\n${content}`, 'hex').slice(0, 32)
      const short = Number.parseInt(digest.slice(0, 12), 16)
      const ordinal = seen.get(short) ?? 0
      seen.set(short, ordinal + 1)
      return ordinal === 0 ? `${this.#prefix}:${digest}` : `${this.#prefix}:${digest}:${ordinal + 1}`
    }
  }

  #isCopy(file: SourceFile): boolean {
    const sameSize = this.#files.get(file.size) ?? []
    this.#files.set(file.size, [...sameSize, file])
    return sameSize.some((other) => this.#digestOf(other) === this.#digestOf(file))
  }

  #digestOf(file: SourceFile): string {
    const digest = this.#digests.get(file) ?? readDigest(file)
    this.#digests.set(file, digest)
    return digest
  }
}

function readDigest({ path }: SourceFile): string {
  const digest = createHash('sha256')
  const bytes = Buffer.allocUnsafe(256 * 1024)
  const fd = openSync(path, 'r')
  try {
    for (let read = readSync(fd, bytes); read > 0; read = readSync(fd, bytes)) digest.update(bytes.subarray(0, read))
  } finally {
    closeSync(fd)
  }
  return digest.digest('hex')
}
