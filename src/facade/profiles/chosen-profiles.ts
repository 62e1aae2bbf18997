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
}

/** Which profile was chosen for which project, as the ledger keeps it. It is read each time, because others choose too. */
export class ChosenProfiles {
  readonly #host: LedgerHost
  readonly #configured: string | null
  /** With cost tracking off a ledger may be open that cannot be written; what is chosen then counts in this process alone. */
  readonly #here = new Map<string, string>()

  constructor(host: LedgerHost, configured: string | null) {
    this.#host = host
    this.#configured = configured
  }

  async inForce(project: string | undefined): Promise<ProfileInForce> {
    const own = project === undefined ? undefined : await this.#chosen(project)
    if (own !== undefined) return { name: own, by: 'project' }
    const all = await this.#chosen(forAll)
    if (all !== undefined) return { name: all, by: 'ledger' }
    return { name: this.#configured, by: this.#configured === null ? null : 'configured' }
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
    if (isTracking || !store.isReadOnly) {
      const body: Chosen | null = name === null ? null : { profile: name }
      await store.transact({
        documents: [{ kind: documentKind, key, body }],
        events: [{ kind: 'profile.changed', body: { project: project ?? null, author, before, after: name } }],
      })
    } else if (name === null) this.#here.delete(key)
    else this.#here.set(key, name)
  }

  async #chosen(key: string): Promise<string | undefined> {
    const here = this.#here.get(key)
    if (here !== undefined) return here
    return ((await this.#host.store.document(documentKind, key))?.body as Chosen | undefined)?.profile
  }
}
