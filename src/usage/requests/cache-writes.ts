import { asFields } from '../readers/fields.ts'
import type { CacheWrite } from './call-request.ts'

const marks = new Set(['cache_control', 'cacheControl', 'cachePoint'])

/**
 * The writes to a cache that a request asks for, wherever it puts its marks: five minutes unless it says `ttl: "1h"`,
 * and both where it says something else. https://platform.claude.com/docs/en/build-with-claude/prompt-caching,
 * https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
 */
export function askedCacheWrites(body: unknown): CacheWrite[] {
  const found = new Set<CacheWrite>()
  collect(body, found)
  return [...found]
}

/** As above; and five minutes in any case, where the provider caches by itself and may charge for writing (OpenAI since gpt-5.6). */
export function automaticCacheWrites(body: unknown): CacheWrite[] {
  return [...new Set<CacheWrite>(['cacheWrite5mTokens', ...askedCacheWrites(body)])]
}

function collect(value: unknown, found: Set<CacheWrite>): void {
  if (found.size === 2 || typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
  for (const [name, entry] of Object.entries(value)) {
    if (!marks.has(name) || entry === null) collect(entry, found)
    else for (const meter of writesOf(asFields(entry)?.['ttl'])) found.add(meter)
  }
}

function writesOf(ttl: unknown): readonly CacheWrite[] {
  if (ttl === undefined || ttl === null || ttl === '5m') return ['cacheWrite5mTokens']
  return ttl === '1h' ? ['cacheWrite1hTokens'] : ['cacheWrite5mTokens', 'cacheWrite1hTokens']
}
