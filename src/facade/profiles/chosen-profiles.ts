import type { LedgerHost } from '../ledger-host.ts'

/** Which profile is in force. */
export interface ProfileInForce {
  /** Null where none is. */
  readonly name: string | null
  /** `project`: chosen for it; `ledger`: chosen for all; `configured`: what the configuration says. */
  readonly by: 'project' | 'ledger' | 'configured' | null
}

const documentKind = 'profile'
/** The key of what was chosen for all projects; no project has an empty name. */
const forAll = ''

interface Chosen {
  readonly profile: string
  /** Milliseconds since 1970. */
  readonly at?: number
}

/** Which profile was chosen for which project, as the ledger keeps it. It is read each time, because others choose too. */
export class ChosenProfiles {
  readonly #host: LedgerHost
  readonly #configured: string | null
  /** With cost tracking off a ledger may be open that cannot be written; what is chosen then counts in this process alone. */
  readonly #here = new Map<string, Chosen>()

  constructor(host: LedgerHost, configured: string | null) {
    this.#host = host
    this.#configured = configured
  }

  async inForce(project: string | undefined): Promise<ProfileInForce> {
    const own = project === undefined ? undefined : await this.#chosen(project)
    if (own !== undefined) return { name: own.profile, by: 'project' }
    const all = await this.#chosen(forAll)
    if (all !== undefined) return { name: all.profile, by: 'ledger' }
    return { name: this.#configured, by: this.#configured === null ? null : 'configured' }
  }

  /** When the profile in force was chosen, in milliseconds since 1970; of one that nobody chose long ago. */
  async lastChosenAt(project: string | undefined): Promise<number> {
    const chosen = (project === undefined ? undefined : await this.#chosen(project)) ?? (await this.#chosen(forAll))
    return chosen?.at ?? 0
  }

  /** The projects that have a profile of their own. */
  async ofProjects(): Promise<ReadonlyMap<string, string>> {
    const documents = await this.#host.store.documents(documentKind)
    return new Map(documents.filter(({ key }) => key !== forAll).map(({ key, body }) => [key, (body as Chosen).profile]))
  }

  /** Chooses a profile, or with null takes the choice away; `before` is what was in force. */
  async choose(
    name: string | null,
    project: string | undefined,
    { author, before }: { author: string; before: string | null },
  ): Promise<void> {
    const key = project ?? forAll
    const { isTracking, store } = this.#host
    const body: Chosen | null = name === null ? null : { profile: name, at: Date.now() }
    if (isTracking || !store.isReadOnly) {
      await store.transact({
        documents: [{ kind: documentKind, key, body }],
        events: [{ kind: 'profile.changed', body: { project: project ?? null, author, before, after: name } }],
      })
    } else if (body === null) this.#here.delete(key)
    else this.#here.set(key, body)
  }

  async #chosen(key: string): Promise<Chosen | undefined> {
    return this.#here.get(key) ?? ((await this.#host.store.document(documentKind, key))?.body as Chosen | undefined)
  }
}
