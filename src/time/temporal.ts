import { createRequire } from 'node:module'

type TemporalNamespace = typeof globalThis.Temporal

let loaded: TemporalNamespace | undefined

/**
 * Temporal: the runtime's own where it has one, else the polyfill. Loaded on first use, because most work needs no
 * calendar and start-up should not pay for one.
 */
export function loadTemporal(): TemporalNamespace {
  loaded ??=
    (globalThis as { Temporal?: TemporalNamespace }).Temporal ??
    (createRequire(import.meta.url)('temporal-polyfill') as { Temporal: TemporalNamespace }).Temporal
  return loaded
}
