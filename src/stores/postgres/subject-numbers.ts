export interface Subject {
  readonly id: number
  readonly kind: string
  readonly value: string
  firstDay: number
  lastDay: number
}

const maxKept = 100_000

/**
 * Numbers of the values of subjects, of which a ledger may have millions: those that were asked for are kept. The days
 * that are kept for one may be fewer than the ledger has, never more.
 */
export class SubjectNumbers {
  readonly #byKey = new Map<string, Subject>()
  readonly #byId = new Map<number, Subject>()
  /** What this transaction added. */
  readonly added = new Set<Subject>()
  /** Subjects that it gave more days, with the days before it. */
  readonly stretched = new Map<Subject, { readonly firstDay: number; readonly lastDay: number }>()

  find(key: string): Subject | undefined {
    return this.#byKey.get(key)
  }

  byId(id: number): Subject | undefined {
    return this.#byId.get(id)
  }

  /** Takes in a subject of the ledger. */
  learn(subject: Subject): void {
    if (this.#byId.has(subject.id)) return
    this.#byId.set(subject.id, subject)
    this.#byKey.set(subjectKey(subject.kind, subject.value), subject)
  }

  add(subject: Subject): void {
    this.learn(subject)
    this.added.add(subject)
  }

  /** Makes sure that the days of a subject take in one of its charges. */
  stretch(subject: Subject, day: number): void {
    const { firstDay, lastDay } = subject
    if (day >= firstDay && day <= lastDay) return
    if (!this.stretched.has(subject)) this.stretched.set(subject, { firstDay, lastDay })
    subject.firstDay = Math.min(firstDay, day)
    subject.lastDay = Math.max(lastDay, day)
  }

  keep(): void {
    this.added.clear()
    this.stretched.clear()
    this.trim()
  }

  undo(): void {
    for (const subject of this.added) {
      this.#byId.delete(subject.id)
      this.#byKey.delete(subjectKey(subject.kind, subject.value))
    }
    for (const [subject, days] of this.stretched) Object.assign(subject, days)
    this.added.clear()
    this.stretched.clear()
  }

  /** Lets go of what is kept once it is much. */
  trim(): void {
    if (this.#byId.size <= maxKept) return
    this.#byId.clear()
    this.#byKey.clear()
  }
}

/** Neither kinds nor values hold line breaks. */
export function subjectKey(kind: string, value: string): string {
  return `${kind}\n${value}`
}
