import { randomBytes } from 'node:crypto'

const lifeMs = 12 * 60 * 60 * 1000

/** Sessions of browsers that signed in with a key: random names that stand for the key, in this process alone. */
export class Sessions {
  readonly #keys = new Map<string, { readonly key: string; readonly until: number }>()

  /** @param key the text of the key, which is looked up anew with each request, so that revoking it ends the session */
  begin(key: string): { readonly name: string; readonly maxAgeSeconds: number } {
    this.#sweep()
    const name = randomBytes(32).toString('base64url')
    this.#keys.set(name, { key, until: Date.now() + lifeMs })
    return { name, maxAgeSeconds: lifeMs / 1000 }
  }

  keyOf(name: string): string | undefined {
    const session = this.#keys.get(name)
    return session !== undefined && session.until > Date.now() ? session.key : undefined
  }

  end(name: string): void {
    this.#keys.delete(name)
  }

  #sweep(): void {
    const now = Date.now()
    for (const [name, { until }] of this.#keys) if (until <= now) this.#keys.delete(name)
  }
}
