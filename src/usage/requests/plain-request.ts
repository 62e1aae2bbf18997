import { PurserError } from '../../errors.ts'
import { closest } from '../../text/closest.ts'
import type { Meter } from '../meters.ts'
import { asFields, asList, asText, type Fields } from '../readers/fields.ts'
import { parseUsage } from '../usage.ts'
import type { CacheWrite, ModelName, RequestReader, RequestSource } from './call-request.ts'
import { fieldNames, RequestDraft, requestFields } from './request-draft.ts'

const knownFields = fieldNames(
  'provider model prompt promptBytes inputTokens maxOutputTokens choices serviceTier speed region attributes quantities cacheWrites',
  'fallbacks',
)

/**
 * A request in purser's own words, for any provider:
 * `{ model, promptBytes | inputTokens | prompt, maxOutputTokens, choices, serviceTier, speed, region, attributes, quantities,
 * cacheWrites, fallbacks }`. A tier, speed and region that are not named are the standard ones. Where `cacheWrites` is left
 * out the cache may be written for five minutes and for an hour; `[]` says that it is not.
 */
export const plainRequest: RequestReader = {
  providers: ['*'],
  apis: ['plain', 'request', 'generic'],
  source: 'docs/guide/bounds.md',
  read: (given) => {
    const fields = requestFields(given)
    checkNames(fields)
    const { attributes = {}, ...quantities } = parseUsage({ ...asFields(fields['quantities']), attributes: fields['attributes'] ?? {} })
    const source = withQuantities(given, fields, quantities)
    const draft = new RequestDraft(source, asText(fields['model']), readFallbacks(fields, source.provider))
    const prompt = asText(fields['prompt'])
    draft.text(prompt)
    draft.bytes(draft.count(fields, 'promptBytes') ?? 0)
    const hasPrompt = prompt !== undefined || fields['promptBytes'] != null || source.inputTokens !== undefined
    const maxOutputTokens = draft.count(fields, 'maxOutputTokens')
    if (!hasPrompt && Object.keys(quantities).length === 0) {
      draft.refuse(
        'undeclared-quantity',
        'inputTokens',
        'neither prompt, promptBytes, inputTokens nor quantities say how much is asked for',
      )
    }
    const isText = hasPrompt || maxOutputTokens !== undefined
    return draft.toRequest({
      promptReadings: hasPrompt ? 1 : 0,
      ...(isText ? { maxOutputTokens: draft.maxOutput(maxOutputTokens), outputMeters: ['outputTokens'] } : {}),
      choices: Math.max(1, draft.count(fields, 'choices') ?? 1),
      cacheWrites: readCacheWrites(fields['cacheWrites']),
      serviceTiers: [asText(fields['serviceTier']) ?? ''],
      speeds: [asText(fields['speed']) ?? ''],
      regions: [asText(fields['region']) ?? ''],
      attributes,
    })
  },
}

/** @throws PURSER_BAD_RECORD naming the nearest, since in this form nothing is the provider's own. */
function checkNames(fields: Fields): void {
  const unknown = Object.keys(fields).find((name) => !knownFields.has(name))
  if (unknown === undefined) return
  const nearest = closest(unknown, knownFields)
  throw new PurserError(
    'PURSER_BAD_RECORD',
    `A plain request has no "${unknown}".${nearest === undefined ? '' : ` Did you mean "${nearest}"?`} It has: ${[...knownFields].join(', ')}.`,
  )
}

function withQuantities(given: RequestSource, fields: Fields, quantities: Partial<Record<Meter, number>>): RequestSource {
  const counted = fields['inputTokens'] ?? given.inputTokens
  return {
    ...given,
    provider: asText(fields['provider']) ?? given.provider,
    quantities: { ...quantities, ...given.quantities },
    // Checked where it is taken over.
    ...(counted === undefined || counted === null ? {} : { inputTokens: counted as number }),
  }
}

function readFallbacks(fields: Fields, provider: string): ModelName[] {
  return asList(fields['fallbacks']).flatMap((item) => {
    const model = asText(item) ?? asText(asFields(item)?.['model'])
    return model === undefined ? [] : { provider: asText(asFields(item)?.['provider']) ?? provider, model }
  })
}

function readCacheWrites(given: unknown): readonly CacheWrite[] {
  const all: readonly CacheWrite[] = ['cacheWrite5mTokens', 'cacheWrite1hTokens']
  if (!Array.isArray(given)) return all
  const writes = given.map((life) => (life === '5m' ? all[0] : life === '1h' ? all[1] : all.find((meter) => meter === life)))
  if (writes.includes(undefined)) {
    throw new PurserError('PURSER_BAD_RECORD', `cacheWrites is ${JSON.stringify(given)}; it lists "5m" and "1h", or nothing.`)
  }
  return writes.filter((meter) => meter !== undefined)
}
