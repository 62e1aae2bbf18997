import type { Catalog } from '../../pricing/catalog.ts'
import { canonicalProvider } from '../../pricing/provider-names.ts'
import { closest } from '../../text/closest.ts'
import type { ModelName } from '../../usage/requests/call-request.ts'

/** A model's name as written, and what the catalog makes of it. */
export type ResolvedModel =
  | (ModelName & { readonly kind: 'known' })
  /** No price is known; provider and model are as they were written, or null where none is named. */
  | { readonly kind: 'unknown'; readonly provider: string | null; readonly model: string; readonly message: string }

/**
 * Who serves a model that is named alone, where several do: its maker. Google comes last, because it also sells models
 * that others make.
 */
const makers = 'anthropic openai mistral deepseek x-ai cohere perplexity moonshotai minimax zai voyageai elevenlabs google'.split(' ')

/**
 * The provider and model that a name stands for: `openai/gpt-4o`, split at the first slash, or `gpt-4o` alone where the
 * catalog knows it by name. Of several providers of that name the one counts for which the owner has a price, else the
 * maker of the model. An unknown one comes with the nearest names.
 */
export function resolveModel(catalog: Catalog, written: string, at: number): ResolvedModel {
  const slash = written.indexOf('/')
  const [provider, model] = [canonicalProvider(written.slice(0, Math.max(0, slash))), written.slice(slash + 1)]
  if (slash > 0 && catalog.find(provider, model, at) !== undefined) return { kind: 'known', provider, model }
  const serving = slash > 0 && catalog.cardsOf(provider).length > 0 ? [] : providersOf(catalog, written, at)
  const [first] = serving
  const chosen = serving.length === 1 ? first : (ownerOf(catalog, written, serving) ?? makers.find((maker) => serving.includes(maker)))
  if (chosen !== undefined) return { kind: 'known', provider: chosen, model: written }
  if (serving.length > 1) {
    const names = serving.map((name) => `${name}/${written}`).join(', ')
    return { kind: 'unknown', provider: null, model: written, message: `"${written}" is served by several; say which: ${names}.` }
  }
  if (slash > 0) return { kind: 'unknown', provider, model, message: unknownMessage(catalog, written) }
  return { kind: 'unknown', provider: null, model: written, message: unknownMessage(catalog, written) }
}

/** Providers that have a card of the name. Patterns do not count: those of local providers take any name. */
function providersOf(catalog: Catalog, model: string, at: number): string[] {
  return catalog.providers().filter((provider) => {
    const match = catalog.find(provider, model, at)?.match
    return match !== undefined && !match.startsWith('pattern')
  })
}

function ownerOf(catalog: Catalog, model: string, serving: readonly string[]): string | undefined {
  const owners = new Set(
    catalog
      .cards('owner')
      .filter((card) => card.model === model || card.aliases?.includes(model))
      .map((card) => card.provider),
  )
  const found = serving.filter((provider) => owners.has(provider))
  return found.length === 1 ? found[0] : undefined
}

/** Nearest names by what stands after the provider, where only that is mistyped, else by the whole. */
function unknownMessage(catalog: Catalog, written: string): string {
  const slash = written.indexOf('/')
  const provider = canonicalProvider(written.slice(0, Math.max(0, slash)))
  const isProvider = slash > 0 && catalog.cardsOf(provider).length > 0
  const cards = isProvider ? catalog.cardsOf(provider) : makers.flatMap((maker) => catalog.cardsOf(maker))
  const names = new Map(cards.flatMap((card) => [card.model, ...(card.aliases ?? [])].map((name) => [name, `${card.provider}/${name}`])))
  const near: string[] = []
  for (const model = written.slice(slash + 1); near.length < 3;) {
    const name = closest(model, names.keys())
    if (name === undefined) break
    near.push(names.get(name) ?? name)
    names.delete(name)
  }
  return `No price is known for the model "${written}".${near.length === 0 ? '' : ` Nearest known: ${near.join(', ')}.`}`
}
