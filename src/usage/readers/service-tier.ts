import { asText } from './fields.ts'

/** Words by which providers say that nothing special was served. */
const standard = new Set([
  'default',
  'auto',
  'standard',
  'standard_only',
  'on_demand',
  'unspecified',
  'traffic_type_unspecified',
  'not_available',
])

/**
 * The service tier that was served: `batch`, `flex`, `priority`, or the provider's own word in lower case; undefined
 * for the standard one, under whatever name.
 */
export function toServiceTier(value: unknown): string | undefined {
  const word = asText(value)
    ?.toLowerCase()
    .replace(/^(service_tier_|on_demand_)(?=.)/, '')
  return word === undefined || standard.has(word) ? undefined : word
}
