import { asFields, asList, type Fields } from './fields.ts'
import type { UsageDraft } from './usage-draft.ts'

/**
 * What a response is grounded in, as billed: from Gemini 3 on each query of Google Search or Google Maps counts, before
 * that a prompt counts once for each of the two, however many queries it made
 * (https://ai.google.dev/gemini-api/docs/google-search#pricing, https://ai.google.dev/gemini-api/docs/maps-grounding).
 * Empty queries are free.
 */
export function countGroundings(draft: UsageDraft, events: readonly Fields[], model: string | undefined): void {
  const found = { queries: 0, web: false, maps: false }
  for (const grounding of groundings(events)) {
    found.queries += asList(grounding['webSearchQueries']).filter((query) => query !== '').length
    const chunks = asList(grounding['groundingChunks']).map(asFields)
    found.web ||= chunks.some((chunk) => chunk?.['web'] !== undefined)
    found.maps ||= chunks.some((chunk) => chunk?.['maps'] !== undefined)
  }
  if (found.queries === 0 && !found.maps) return
  const generation = Number(/gemini-(\d+)/.exec(model ?? '')?.[1] ?? Number.NaN)
  if (generation < 3) {
    if (found.queries > 0 && (found.web || !found.maps)) draft.add('searches', 1)
    if (found.maps) draft.add('mapGroundings', 1)
  } else addQueries(draft, found, Number.isNaN(generation))
}

/** The queries of both are in one list. */
function addQueries(
  draft: UsageDraft,
  { queries, web, maps }: { readonly queries: number; readonly web: boolean; readonly maps: boolean },
  isUnnamed: boolean,
): void {
  if (isUnnamed)
    draft.warn('assumed', `The response does not name a Gemini generation: each of its ${Math.max(1, queries)} queries counts.`)
  if (!maps || web) draft.add('searches', queries)
  else draft.add('mapGroundings', Math.max(1, queries))
  if (maps && web)
    draft.warn('assumed', `Which of its ${queries} queries went to Google Maps the response does not tell: they count as searches.`)
  else if (maps && queries === 0 && !isUnnamed)
    draft.warn('assumed', 'The response is grounded in Google Maps and lists no query; each is billed, and 1 is counted.')
}

/** The grounding of each candidate. A stream repeats it as it grows: the last one counts. */
function groundings(events: readonly Fields[]): Iterable<Fields> {
  const byCandidate = new Map<unknown, Fields>()
  for (const event of events) {
    for (const [position, item] of asList(event['candidates']).entries()) {
      const candidate = asFields(item)
      const grounding = asFields(candidate?.['groundingMetadata'])
      if (grounding !== undefined) byCandidate.set(candidate?.['index'] ?? position, grounding)
    }
  }
  return byCandidate.values()
}
